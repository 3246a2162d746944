import Engine
import Foundation

/// Data sets in parquet or arrow files, which are not read, and the lines of Python that write of them what is read.
enum ColumnFiles {
  /// What is looked for in them.
  enum Content {
    case pairs, classes, captions, images
  }

  /// The refusal where a path is such a file, or a folder with such files in it or in its folders; nil elsewhere.
  static func refusal(_ path: String, _ content: Content) -> Problem? {
    guard let found = first(at: path) else { return nil }
    let arrow = found.hasSuffix(".arrow") ? "turn arrow into parquet where it lies: \(arrowLine); then " : ""
    let place = content == .classes ? "the folder classes" : "that folder"
    return Problem(
      "cannot read \(path): parquet and arrow files are not read",
      advice: arrow
        + "export them where they lie, with pyarrow installed, and give \(place): \(exportLine(content))")
  }

  static func isOne(_ name: String) -> Bool { name.hasSuffix(".parquet") || name.hasSuffix(".arrow") }

  private static func first(at path: String) -> String? {
    func names(_ folder: String) -> [String] {
      ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted().map { "\(folder)/\($0)" }
    }
    let own = names(path)
    return isOne(path) ? path : own.first(where: isOne) ?? own.lazy.compactMap { names($0).first(where: isOne) }.first
  }

  // MARK: - Lines of Python

  /// HF's data sets are streams.
  private static let arrowLine =
    #"python3 -c "import pyarrow as a,pyarrow.parquet as q,glob;[q.write_table(a.ipc.open_stream(f).read_all(),"#
    + #"f[:-5]+'parquet') for f in glob.glob('**/*.arrow',recursive=True)]""#

  /// Of a cell: an image's bytes, as HF's data sets have them or plain.
  private static let bytes = "B=lambda v:v.get('bytes') if isinstance(v,dict) else v;"
  private static let rows = "for b in q.ParquetFile(f).iter_batches(64) for r in b.to_pylist()"

  /// Run where the files lie; pyarrow must be installed.
  static func exportLine(_ content: Content) -> String {
    let files = "sorted(glob.glob('**/*.parquet',recursive=True))"
    let line =
      switch content {
      case .pairs:
        "import pyarrow.parquet as q,json,os,glob;os.makedirs('images',exist_ok=True);o=open('examples.jsonl','w');"
          + "[o.write(json.dumps({k:(open(f'images/{i}_{k}','wb').write(v['bytes']),f'images/{i}_{k}')[1] "
          + "if isinstance(v,dict) and v.get('bytes') else v for k,v in r.items()},default=str)+chr(10)) "
          + "for i,r in enumerate(r for f in \(files) \(rows))]"
      case .images:
        "import pyarrow.parquet as q,os,glob;os.makedirs('images',exist_ok=True);\(bytes)"
          + "[open(f'images/{i:08}.jpg','wb').write(w) for i,w in enumerate(B(v) for f in \(files) \(rows) "
          + "for v in r.values() if isinstance(B(v),bytes))]"
      case .classes:
        "import pyarrow.parquet as q,json,os,glob;g=\(files);g=[f for f in g if 'test' in f or 'val' in f] or g;"
          + "m=json.loads((q.read_schema(g[0]).metadata or {}).get(b'huggingface','{}'));"
          + "N={k:v['names'] for k,v in m.get('info',{}).get('features',{}).items() if v.get('names')};k=next(iter(N),'label');"
          + bytes
          + "[(os.makedirs(d:='classes/'+str(N[k][r[k]] if N else r[k]).replace('/','_'),exist_ok=True),"
          + "open(f'{d}/{i:08}.jpg','wb').write(w)) for i,(r,w) in enumerate((r,B(v)) for f in g \(rows) "
          + "for v in r.values() if isinstance(B(v),bytes))]"
      case .captions:
        "import pyarrow.parquet as q,glob,os,io,tarfile as t;os.makedirs('test',exist_ok=True);"
          + "open('dataset_type.txt','w').write('retrieval');T=t.open('test/0.tar','w');"
          + "a=lambda n,b:(setattr(i:=t.TarInfo(n),'size',len(b)),T.addfile(i,io.BytesIO(b)));\(bytes)"
          + "[(a(f'{i:08}.jpg',w),a(f'{i:08}.txt',chr(10).join(c if isinstance(c,list) else [c]).encode())) "
          + "for i,(w,c) in enumerate((B(v),next(r[k] for k in ('captions','caption','text','sentences') if k in r)) "
          + "for f in \(files) \(rows) if r.get('split','test')=='test' for v in r.values() "
          + "if isinstance(B(v),bytes))];T.close()"
      }
    return "python3 -c \"\(line)\""
  }
}
