# bench/curves.R DIR [TASK ...]: the tasks of bench/curves.c in R, on the data that it left in DIR. Vectors are there before the clock starts.
source("bench/task.R")
for (n in c("1e4", "1e5", "1e6")) if (wanted(paste0("logistic_", n))) {
    d <- columns(paste0("logistic_", n))
    rounds <- c("1e4" = 5, "1e5" = 3, "1e6" = 1)[[n]]
    y <- d[, 1]
    x <- cbind(1, d[, -1])
    s <- clock(rounds, fit <- glm.fit(x, y, family = binomial(), control = glm.control(epsilon = 1e-12)))
    line(paste0("logistic_", n, "_bare"), s, fit$coefficients[[2]])
    frame <- data.frame(y = y, d[, -1])
    s <- clock(rounds, fit <- glm(y ~ ., binomial(), frame, control = glm.control(epsilon = 1e-12)))
    line(paste0("logistic_", n), s, coef(fit)[[2]])
    rm(d, x, y, frame, fit)
}
for (n in c("1e5", "1e6")) if (wanted(paste0("curves_", n))) {
    d <- columns(paste0("curves_", n))
    rounds <- if (n == "1e5") 3 else 1
    days <- d[, 1]; months <- d[, 2]; event <- d[, 3]; code <- d[, 4]; g <- d[, 5]; a <- d[, 6]; b <- d[, 7]; y <- d[, 9]
    s <- clock(rounds, fit <- survfit(Surv(days, event) ~ 1))
    k <- max(which(fit$time <= 500))
    line(paste0("km_days_", n), s, fit$surv[k] + fit$std.err[k])
    line(paste0("km_days_", n, "_method"), s, fit$surv[k])
    s <- clock(rounds, fit <- survfit(Surv(months, event) ~ 1))
    k <- max(which(fit$time <= 20))
    line(paste0("km_months_", n), s, fit$surv[k] + fit$std.err[k])
    line(paste0("km_months_", n, "_method"), s, fit$surv[k])
    s <- clock(rounds, fit <- survdiff(Surv(days, event) ~ g))
    line(paste0("logrank_", n), s, fit$chisq)
    line(paste0("logrank_", n, "_method"), s, fit$chisq)
    if (have("pROC")) {
        s <- clock(rounds, {
            one <- pROC::roc(y, a, direction = "<", levels = c(0, 1)); two <- pROC::roc(y, b, direction = "<", levels = c(0, 1))
            test <- pROC::roc.test(one, two, method = "delong", paired = TRUE)
        })
        line(paste0("delong_", n, "_all"), s, test$statistic[[1]])
        s <- clock(rounds, test <- pROC::roc.test(one, two, method = "delong", paired = TRUE))
        line(paste0("delong_", n), s, test$statistic[[1]])
    }
    if (have("cmprsk") && n == "1e5") {
        s <- clock(1, fit <- { cmprsk::cuminc(months, code, g); cmprsk::cuminc(months, code) })
        test <- cmprsk::cuminc(months, code, g)$Tests[1, 1]
        line(paste0("cif_", n), s, test + cmprsk::timepoints(fit, 20)$est[1, 1])
    }
    rm(d, fit, days, months, event, code, g, a, b, y)
}
if (have("riskRegression") && have("prodlim"))
    for (task in c("timeroc_200", "timeroc_1000")) if (wanted(task)) {
        d <- columns(task)
        frame <- data.frame(time = d[, 1], event = d[, 2])
        suppressMessages(library(prodlim))
        s <- clock(3, fit <- riskRegression::Score(list(m = d[, 3]), Hist(time, event) ~ 1, frame, times = c(10, 20, 30), metrics = "auc", se.fit = TRUE,
                                                   conf.int = TRUE, null.model = FALSE))
        row <- fit$AUC$score[2, ]
        line(task, s, row$AUC + row$se)
    }
if (wanted("maxstat") && have("maxstat")) {
    d <- columns("maxstat")
    frame <- data.frame(time = d[, 1], event = d[, 2], x = d[, 3])
    test <- function(method, ...) maxstat::maxstat.test(Surv(time, event) ~ x, frame, smethod = "LogRank", pmethod = method, ...)
    s <- clock(3, fit <- test("Lau94"))
    line("maxstat_Lau94", s, fit$p.value)
    hl <- clock(1, suppressWarnings(test("HL")))
    line("maxstat_all", hl + s, fit$p.value)
    s <- clock(1, test("condMC", B = 9999))
    line("maxstat_permutations", s, fit$p.value)
}
if (wanted("meta") && have("metafor")) {
    d <- columns("meta")
    s <- clock(3, for (k in 1:20) fit <- metafor::rma(d[, 1], d[, 2], method = "REML", control = list(threshold = 1e-12, maxiter = 1000)))
    line("meta", s / 20, fit$beta[[1]] + fit$tau2)
}
