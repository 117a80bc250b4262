# bench/statistics.R DIR [TASK ...]: the tasks of bench/statistics.c in R, on the data that it left in DIR. Data frames are made before the
# clock starts.
source("bench/task.R")
cohort <- function(name) {
    d <- columns(name)
    x <- d[, -(1:2), drop = FALSE]
    colnames(x) <- paste0("x", seq_len(ncol(x)))
    list(n = nrow(d), p = ncol(x), time = d[, 1], event = d[, 2], x = x)
}
bare <- function(x, y, control = coxph.control())
    coxph.fit(x, y, strata = NULL, offset = NULL, init = NULL, control = control, weights = NULL, method = "efron", rownames = NULL,
              resid = FALSE, nocenter = NULL)
# Small tables are fitted several times between two looks at the clock, which counts milliseconds.
times <- c(cox_1e3 = 100, cox_1e4 = 10, cox_1e5 = 1, cox_1e6 = 1, cox_40_times = 1)
for (task in names(times)) if (wanted(task)) {
    d <- cohort(task)
    frame <- data.frame(time = d$time, event = d$event, d$x)
    many <- times[[task]]
    rounds <- if (d$n < 1e6) 3 else 1
    s <- clock(rounds, for (i in 1:many) fit <- coxph(Surv(time, event) ~ ., frame))
    line(task, s / many, coef(fit)[[1]])
    # What the whole call reports besides: proportionality by four transforms, the influence of each row.
    if (task %in% c("cox_1e3", "cox_1e4")) {
        s <- s + clock(rounds, for (i in 1:many) {
            for (g in c("km", "rank", "identity", "log")) z <- cox.zph(fit, transform = g)
            influence <- residuals(fit, "dfbetas")
        })
        line(paste0(task, "_reported"), s / many, coef(fit)[[1]])
    }
    y <- Surv(d$time, d$event)
    s <- clock(rounds, for (i in 1:many) fit <- bare(d$x, y))
    line(paste0(task, "_bare"), s / many, fit$coefficients[[1]])
    rm(d, frame, y, fit); invisible(gc())
}
if (wanted("start_stop")) {
    d <- cohort("start_stop")
    frame <- data.frame(start = d$x[, 1], time = d$time, event = d$event, d$x[, -1])
    colnames(frame)[-(1:3)] <- paste0("x", 1:10)
    s <- clock(3, fit <- coxph(Surv(start, time, event) ~ ., frame))
    line("start_stop", s, coef(fit)[[1]])
    y <- with(frame, Surv(start, time, event))
    s <- clock(3, fit <- agreg.fit(d$x[, -1], y, strata = NULL, offset = NULL, init = NULL, control = coxph.control(), weights = NULL,
                                   method = "efron", rownames = NULL, resid = FALSE))
    line("start_stop_bare", s, fit$coefficients[[1]])
}
if (wanted("zph")) {
    d <- cohort("zph")
    frame <- data.frame(time = d$time, event = d$event, d$x)
    fit <- coxph(Surv(time, event) ~ ., frame)
    s <- clock(3, for (i in 1:10) z <- cox.zph(fit))
    line("zph", s / 10, z$table["GLOBAL", "chisq"])
}
if (wanted("bootstrap")) {
    d <- cohort("bootstrap")
    f <- file(file.path(folder, "resamples.bin"), "rb")
    rows <- matrix(readBin(f, "integer", 1000 * 200), 200) + 1L
    close(f)
    frame <- data.frame(time = d$time, event = d$event, d$x)
    s <- clock(1, sum <- sum(apply(rows, 2, function(r) coef(coxph(Surv(time, event) ~ ., frame[r, ]))[[1]])))
    line("bootstrap", s, sum / 1000)
    y <- Surv(d$time, d$event)
    s <- clock(1, sum <- sum(apply(rows, 2, function(r) bare(d$x[r, ], y[r])$coefficients[[1]])))
    line("bootstrap_bare", s, sum / 1000)
    y <- as.numeric(d$time < 100 & d$event == 1)
    x <- cbind(1, d$x)
    s <- clock(1, sum <- sum(apply(rows, 2, function(r) glm.fit(x[r, ], y[r], family = binomial())$coefficients[[2]])))
    line("logistic_refits", s, sum / 1000)
}
if (wanted("screening")) {
    d <- cohort("screening")
    frame <- data.frame(time = d$time, event = d$event, d$x)
    s <- clock(1, b <- vapply(colnames(d$x), function(v) coef(coxph(reformulate(v, "Surv(time, event)"), frame))[[1]], 0))
    line("screening", s, mean(b))
    y <- Surv(d$time, d$event)
    s <- clock(1, b <- apply(d$x, 2, function(x) bare(cbind(x), y)$coefficients[[1]]))
    line("screening_bare", s, mean(b))
}
if (wanted("validate") && have("rms")) {
    suppressMessages(library(rms))
    d <- cohort("validate")
    frame <- data.frame(time = d$time, event = d$event, d$x)
    fit <- cph(reformulate(colnames(d$x), "Surv(time, event)"), frame, x = TRUE, y = TRUE)
    s <- clock(1, v <- validate(fit, B = 200))
    line("validate", s, v["Dxy", "index.orig"] / 2 + .5)
}
for (task in c("concordance", "concordance_1e5")) if (wanted(task)) {
    d <- cohort(task)
    y <- Surv(d$time, d$event)
    x <- d$x[, 1]
    s <- clock(if (task == "concordance") 1 else 3, fit <- concordancefit(y, x, reverse = TRUE))
    line(task, s, fit$concordance + sqrt(fit$var))
}
for (task in c("file_1e5", "file_1e6")) if (wanted(task)) {
    s <- clock(1, fit <- coxph(Surv(time, event) ~ ., read.csv(file.path(folder, paste0(task, ".csv")))))
    line(task, s, coef(fit)[[1]])
    rm(fit); invisible(gc())
}
if (wanted("finegray") && have("cmprsk")) {
    d <- cohort("finegray")
    s <- clock(1, fit <- cmprsk::crr(d$time, d$event, d$x))
    # crr stops where |score| < 1e-6 |loglik|: here 4e-7 to 6e-7 off in a coefficient (quadruple precision). Its answer is taken from there on to the end, outside the clock.
    fit <- cmprsk::crr(d$time, d$event, d$x, gtol = 1e-12, maxiter = 20, init = fit$coef)
    line("finegray", s, fit$coef[[1]] + sqrt(fit$var[1, 1]))
}
if (wanted("path") && have("glmnet")) {
    d <- cohort("path")
    y <- cbind(time = d$time, status = d$event)
    s <- clock(1, fit <- glmnet::glmnet(d$x, y, family = "cox", lambda.min.ratio = .05))
    line("path", s, fit$lambda[1])
    s <- clock(1, fit <- glmnet::cv.glmnet(d$x, y, family = "cox", lambda.min.ratio = .05, foldid = rep(1:10, length.out = d$n)))
    line("path_cv", s, fit$lambda.min)
    s <- clock(1, fit <- glmnet::cv.glmnet(d$x, d$event, family = "binomial", lambda.min.ratio = .05, foldid = rep(1:10, length.out = d$n)))
    line("path_binomial_cv", s, fit$lambda.min)
}
if (wanted("path_1e5") && have("glmnet")) {
    d <- cohort("path_1e5")
    s <- clock(1, fit <- glmnet::glmnet(d$x, d$event, family = "binomial", alpha = .5))
    # As glmnet stops at a change of 1e-7 of the deviance, its coefficients are taken to the end outside the clock.
    fit <- glmnet::glmnet(d$x, d$event, family = "binomial", alpha = .5, thresh = 1e-14, lambda = fit$lambda[1:21])
    line("path_1e5", s, fit$beta[1, 21])
}
