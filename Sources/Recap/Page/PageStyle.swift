/// How the page of a run looks, and the few lines that filter, sort and read the charts.
enum PageStyle {
  /// Colours after Okabe and Ito, which colour-blind eyes tell apart.
  static let css = HTML(
    markup: """
      :root{--paper:#fff;--ink:#1b1f24;--dim:#5d6670;--line:#d8dde3;--card:#f6f7f9;--baseline:#8f5b00;--tuned:#0067a5;--good:#00704f;--bad:#b03a00}
      @media(prefers-color-scheme:dark){:root{--paper:#14171b;--ink:#e6e9ec;--dim:#9aa4ae;--line:#343b43;--card:#1d2127;--baseline:#e6a93c;--tuned:#63b8ee;--good:#3cc49a;--bad:#f08a4b}}
      *{box-sizing:border-box}[hidden]{display:none!important}
      body{margin:0 auto;padding:16px;max-width:1400px;background:var(--paper);color:var(--ink);font:15px/1.45 system-ui,sans-serif}
      h1{margin:0;font-size:24px;overflow-wrap:anywhere}h2{margin:28px 0 8px;font-size:17px}h3{margin:0 0 6px;font-size:14px}
      p{margin:4px 0}.dim,small{color:var(--dim)}small{font-size:13px}.baseline{color:var(--baseline)}.tuned{color:var(--tuned)}.good{color:var(--good)}.bad{color:var(--bad)}
      .remark{border-left:3px solid var(--bad);padding-left:8px}a{color:inherit}code,pre{font-size:13px}pre{overflow-x:auto;padding:12px;background:var(--card)}
      .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(230px,1fr));gap:12px;margin-top:14px}
      .tile,article{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:12px}.tile h2{margin:0;font-size:14px}
      .big{font-size:26px;font-weight:600;font-variant-numeric:tabular-nums}
      .charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(340px,100%),1fr));gap:16px;margin-top:20px}
      figure{margin:0}.chart figcaption{font-weight:600;font-size:14px}.chart svg{width:100%;display:block;touch-action:pan-y}
      .grid{stroke:var(--line)}.tick{fill:var(--dim);font-size:11px}.chance{stroke:var(--dim);stroke-dasharray:5 4}.band{fill:var(--tuned);opacity:.13}
      .curve{fill:none;stroke-width:2;stroke-linejoin:round}.curve.baseline{stroke:var(--baseline);stroke-dasharray:6 3}.curve.tuned{stroke:var(--tuned)}.curve.raw{stroke:var(--dim);opacity:.45;stroke-width:1}
      circle.baseline{fill:var(--baseline)}circle.tuned{fill:var(--tuned)}.mark{fill:var(--bad);font-size:11px;text-anchor:middle}
      .reading line{stroke:var(--dim)}.reading circle{fill:none;stroke:var(--ink);stroke-width:2}.reading text{fill:var(--ink);font-size:12px;paint-order:stroke;stroke:var(--paper);stroke-width:4px}
      .scroll{overflow-x:auto}table{border-collapse:collapse;font-size:13px;font-variant-numeric:tabular-nums}td,th{padding:2px 8px 2px 0;text-align:right;font-weight:400;white-space:nowrap}th:first-child{text-align:left}
      .patterns th,.patterns td{padding:3px 14px 3px 0;border-bottom:1px solid var(--line)}.spark{width:80px;height:20px}
      .strips{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(300px,100%),1fr));gap:12px}.strips img{width:100%;image-rendering:pixelated}figcaption{font-size:13px;color:var(--dim)}
      .filter{position:sticky;top:0;z-index:1;display:flex;flex-wrap:wrap;gap:8px;align-items:center;padding:8px 0;background:var(--paper)}
      .filter>*{font:inherit;font-size:14px;padding:5px 8px;max-width:100%;color:inherit;background:var(--card);border:1px solid var(--line);border-radius:6px}.filter output{border:0;background:none;color:var(--dim)}#words{flex:1 1 180px;min-width:0}
      #pairs{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(400px,100%),1fr));gap:12px}
      article{content-visibility:auto;contain-intrinsic-size:auto 330px;font-size:13px;min-width:0}article:target{border-color:var(--tuned)}h3 span{font-weight:400;color:var(--dim)}h3 b{float:right}
      .images{display:grid;grid-template-columns:1fr 1fr;gap:8px}.images img{width:100%;max-height:256px;object-fit:contain;image-rendering:pixelated}
      article table{width:100%;margin-top:4px}article th:first-child{white-space:normal;padding-right:8px}article td,article th{padding-right:4px}.steps i{font-style:normal}mark{background:none;color:var(--tuned)}
      @media(max-width:480px){body{padding:10px}article table{font-size:12px}.patterns th,.patterns td{padding-right:9px}}
      """)

  static let script = HTML(
    markup: """
      const all=s=>[...document.querySelectorAll(s)],cards=all('#pairs>article'),fields=all('#words,#outcome,#pattern,#order');
      let order='n 1';
      const show=()=>{const [words,outcome,pattern,by]=fields.map(f=>f.value),parts=words.toLowerCase().split(/\\s+/).filter(Boolean);let n=0;
      for(const c of cards){const d=c.dataset,ok=(!outcome||d.o==outcome)&&(!pattern||d.p==pattern)&&parts.every(w=>w[0]=='#'?'#'+d.n==w:d.words.includes(w));c.hidden=!ok;n+=ok}
      if(by!=order){order=by;const [k,s]=by.split(' ');cards.sort((a,b)=>(a.dataset[k]-b.dataset[k])*s||a.dataset.n-b.dataset.n);document.getElementById('pairs').append(...cards)}
      document.getElementById('count').textContent=n+' of '+cards.length};
      if(fields.length){fields.forEach(f=>f.addEventListener('input',show));show()}
      for(const svg of all('svg[data-hover]')){const points=svg.dataset.hover.split('|').filter(Boolean).map(p=>{const [x,y,...t]=p.split(' ');return {x:+x,y:+y,t:t.join(' ')}}),r=svg.querySelector('.reading');
      if(!points.length)continue;const [line,dot,text]=r.children;
      svg.addEventListener('pointermove',e=>{const b=svg.getBoundingClientRect(),x=(e.clientX-b.left)/b.width*380,p=points.reduce((a,c)=>Math.abs(c.x-x)<Math.abs(a.x-x)?c:a);
      r.removeAttribute('hidden');line.setAttribute('x1',p.x);line.setAttribute('x2',p.x);dot.setAttribute('cx',p.x);dot.setAttribute('cy',p.y);text.textContent=p.t;const left=p.x>200;text.setAttribute('x',p.x+(left?-8:8));text.setAttribute('text-anchor',left?'end':'start')});
      svg.addEventListener('pointerleave',()=>r.setAttribute('hidden',''))}
      """)
}
