/* cli/terminal.c: stderr. */
#include "cli/terminal.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* The state of one process's stderr; there is only one. */
static struct {
    pthread_mutex_t lock;
    bool quiet, tty, line_open;
    char what[64];
    size_t total;
    double began, drawn;
} term = { .lock = PTHREAD_MUTEX_INITIALIZER };

static volatile sig_atomic_t asked_to_stop;

static void on_signal(int sig)
{
    if (asked_to_stop) { signal(sig, SIG_DFL); raise(sig); }
    asked_to_stop = 1;
}

/* Monotonic: an ETA must not jump when someone sets the clock. */
static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void wipe(void)
{
    if (term.line_open) { fputs("\r\033[K", stderr); term.line_open = false; }
}

static void begin(void *context, const char *what, size_t total)
{
    (void)context;
    pthread_mutex_lock(&term.lock);
    snprintf(term.what, sizeof term.what, "%s", what);
    term.total = total;
    term.began = now_s();
    term.drawn = 0;
    pthread_mutex_unlock(&term.lock);
}

static void step(void *context, size_t done, const char *subject)
{
    (void)context;
    if (term.quiet || !term.tty) return;
    pthread_mutex_lock(&term.lock);
    double t = now_s();
    if (t - term.drawn > 0.1 || done == term.total) {
        double left = done ? (t - term.began) * (double)(term.total - done) / (double)done : 0;
        term.drawn = t;
        wipe();
        fprintf(stderr, "%s %zu/%zu", term.what, done, term.total);
        if (left >= 0.5) fprintf(stderr, ", %d:%02d left", (int)(left / 60), (int)left % 60);
        if (subject) fprintf(stderr, "  %.40s", subject);
        fflush(stderr);
        term.line_open = true;
    }
    pthread_mutex_unlock(&term.lock);
}

static void end(void *context)
{
    (void)context;
    pthread_mutex_lock(&term.lock);
    wipe();
    pthread_mutex_unlock(&term.lock);
}

static void warn(void *context, const char *line)
{
    (void)context;
    if (!term.quiet) terminal_line("warning: ", line);
}

static void note(void *context, const char *line)
{
    (void)context;
    if (!term.quiet) terminal_line("", line);
}

static bool interrupted(void *context)
{
    (void)context;
    return asked_to_stop != 0;
}

void terminal_progress(Progress *p, bool quiet)
{
    term.quiet = quiet;
    term.tty = isatty(STDERR_FILENO) == 1;
    struct sigaction act = { .sa_handler = on_signal };
    sigemptyset(&act.sa_mask);
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    *p = (Progress){ begin, step, end, warn, note, interrupted, NULL };
}

void terminal_end(void) { end(NULL); }

void terminal_line(const char *prefix, const char *text)
{
    pthread_mutex_lock(&term.lock);
    wipe();
    fprintf(stderr, "reox: %s%s\n", prefix, text);
    fflush(stderr);
    pthread_mutex_unlock(&term.lock);
}
