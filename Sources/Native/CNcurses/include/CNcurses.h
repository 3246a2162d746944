// ncurses as Swift can see it: the library itself, plus functions for what are macros or mutable globals in C.
#pragma once
#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <locale.h>
#include <stdbool.h>

// screen_… wraps a global or a macro of curses; guard_… is in guard.c.

/// Takes over the terminal on standard input and output, as one of `type` (NULL: what TERM names). 0 when that type is
/// not installed, -1 when it cannot move its cursor, else 1.
static inline int screen_open(const char *type) {
  SCREEN *screen = newterm(type, stdout, stdin);
  if (!screen) return 0;
  set_term(screen);
  if (tigetstr("cup")) return 1;
  endwin();
  delscreen(screen);
  return -1;
}

static inline int screen_columns(void) { return getmaxx(stdscr); }
static inline int screen_rows(void) { return getmaxy(stdscr); }
static inline int screen_color_count(void) { return has_colors() ? COLORS : 0; }

/// Input arrives key by key, unechoed, without waiting, special keys decoded; signal keys come as characters.
static inline void screen_prepare(void) {
  raw();
  noecho();
  nonl();
  keypad(stdscr, TRUE);
  nodelay(stdscr, TRUE);
  set_escdelay(25);
  curs_set(0);
  // Mouse reports are decoded with the rest; curses would give their first bytes as a key, and the rest as digits.
  keyok(KEY_MOUSE, FALSE);
  // Inserting or deleting characters would shift the pixels of a picture in the same row.
  idcok(stdscr, FALSE);
  idlok(stdscr, FALSE);
}

/// The next key: 0 none, 1 a character, 2 a KEY_… code; `code` gets it.
static inline int screen_next_key(unsigned int *code) {
  wint_t key = 0;
  int kind = wget_wch(stdscr, &key);
  *code = (unsigned int)key;
  return kind == ERR ? 0 : kind == KEY_CODE_YES ? 2 : 1;
}

static inline void screen_style(short pair, bool bold, bool dim, bool reverse) {
  attr_t attributes = A_NORMAL;
  if (bold) attributes |= A_BOLD;
  if (dim) attributes |= A_DIM;
  if (reverse) attributes |= A_REVERSE;
  attr_set(attributes, pair, NULL);
}

static inline void screen_write(int row, int column, const wchar_t *text, int count) {
  mvaddnwstr(row, column, text, count);
}

static inline void screen_send(void) {
  wnoutrefresh(stdscr);
  doupdate();
}
/// The next screen_send repaints every cell.
static inline void screen_repaint(void) { clearok(curscr, TRUE); }

/// From now on a signal that ends the program first gives the terminal back as it is now, and a crash (SIGSEGV, SIGBUS,
/// SIGFPE, SIGILL, SIGTRAP, SIGABRT) prints `farewell` on `error_descriptor`; then it dies as it would have. SIGWINCH
/// leaves a note for `guard_take_resize` and writes a byte to `wake_descriptor`.
/// Call before initscr: it keeps its hands off signals that are taken, and the settings are still the person's own.
void guard_arm(int wake_descriptor, int error_descriptor, const char *farewell);
/// What is written first when the terminal is given back by the guard: the command that frees a terminal's pictures.
void guard_free_pictures(const char *command);
/// Gives the signals back to whoever had them.
void guard_disarm(void);
/// Gives the terminal back at once, for a program that is about to end; nothing where the guard is not armed.
void guard_restore(void);
/// Whether the window changed its size since the last call.
bool guard_take_resize(void);
