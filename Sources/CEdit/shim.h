// Line editing. Functions with a variable number of arguments, which Swift cannot call, get a name for
// each use.
#include <histedit.h>
#include <locale.h>
#include <stdio.h>

typedef char *(*bear_edit_prompt_function)(EditLine *);
typedef unsigned char (*bear_edit_key_function)(EditLine *, int);

/// Edits lines of the standard input, in the characters of the user's locale.
static inline EditLine *bear_edit_open(const char *name) {
  setlocale(LC_CTYPE, "");
  return el_init(name, stdin, stdout, stderr);
}

static inline void bear_edit_set_client(EditLine *edit, void *client) {
  el_set(edit, EL_CLIENTDATA, client);
}

static inline void *bear_edit_client(EditLine *edit) {
  void *client = NULL;
  el_get(edit, EL_CLIENTDATA, &client);
  return client;
}

static inline void bear_edit_set_prompt(EditLine *edit, bear_edit_prompt_function prompt) {
  el_set(edit, EL_PROMPT, prompt);
}

static inline void bear_edit_set_history(EditLine *edit, History *past) {
  el_set(edit, EL_HIST, history, past);
}

/// The keys of Emacs, Ctrl-R to search, and Ctrl-C as a key instead of a signal.
static inline void bear_edit_set_keys(EditLine *edit) {
  el_set(edit, EL_EDITOR, "emacs");
  el_set(edit, EL_SETTY, "-d", "-isig", NULL);
  el_set(edit, EL_BIND, "^R", "em-inc-search-prev", NULL);
}

static inline void bear_edit_bind(EditLine *edit, const char *key, const char *name,
                                  bear_edit_key_function function) {
  el_set(edit, EL_ADDFN, name, name, function);
  el_set(edit, EL_BIND, key, name, NULL);
}

static inline void bear_history_begin(History *past, int size) {
  HistEvent event;
  history(past, &event, H_SETSIZE, size);
  history(past, &event, H_SETUNIQUE, 1);
}

static inline void bear_history_add(History *past, const char *line) {
  HistEvent event;
  history(past, &event, H_ENTER, line);
}

static inline int bear_history_load(History *past, const char *path) {
  HistEvent event;
  return history(past, &event, H_LOAD, path);
}

static inline int bear_history_save(History *past, const char *path) {
  HistEvent event;
  return history(past, &event, H_SAVE, path);
}
