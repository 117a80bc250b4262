# bench/task.R, read by statistics.R and curves.R (NAME.R DIR [TASK ...]): R's side of bench/task.h. A task prints "TASK seconds check";
# seconds are CPU time of this process, and what a task works on is there before its clock starts.
suppressMessages(library(survival))
arguments <- commandArgs(TRUE)
folder <- arguments[1]
tasks <- arguments[-1]
wanted <- function(task) !length(tasks) || task %in% tasks
have <- function(p) suppressMessages(suppressWarnings(requireNamespace(p, quietly = TRUE)))
columns <- function(name) {
    f <- file(file.path(folder, paste0(name, ".bin")), "rb")
    on.exit(close(f))
    h <- readBin(f, "double", 2)
    matrix(readBin(f, "double", h[1] * h[2]), h[1])
}
clock <- function(rounds, expression) {
    code <- substitute(expression); frame <- parent.frame(); best <- Inf
    for (i in seq_len(rounds)) {
        gc(FALSE)
        t <- system.time(eval(code, frame), gcFirst = FALSE)
        best <- min(best, t[["user.self"]] + t[["sys.self"]])
    }
    best
}
line <- function(task, seconds, check) cat(sprintf("%s %.6g %.12g\n", task, seconds, check))
