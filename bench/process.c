/* bench/process.c: what a whole process costs: process ROUNDS COMMAND… prints the least CPU seconds (user and system) of the
 * rounds and the peak memory in MiB. The command's output is dropped. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static double seconds(struct timeval t) { return (double)t.tv_sec + 1e-6 * (double)t.tv_usec; }

int main(int argc, char **argv)
{
    double best = 1e300;
    long peak = 0;
    if (argc < 3) { fprintf(stderr, "usage: process ROUNDS COMMAND…\n"); return 2; }
    for (int i = 0; i < atoi(argv[1]); i++) {
        struct rusage use;
        int status;
        pid_t child = fork();
        if (child < 0) return 1;
        if (child == 0) {
            int null = open("/dev/null", O_WRONLY);
            if (null < 0 || dup2(null, STDOUT_FILENO) < 0) _exit(126);
            execvp(argv[2], argv + 2);
            _exit(127);
        }
        if (wait4(child, &status, 0, &use) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            fprintf(stderr, "process: %s failed\n", argv[2]);
            return 1;
        }
        double cpu = seconds(use.ru_utime) + seconds(use.ru_stime);
        if (cpu < best) best = cpu;
        if (use.ru_maxrss > peak) peak = use.ru_maxrss;
    }
    printf("%.4f %.1f\n", best, (double)peak / 1024);
    return 0;
}
