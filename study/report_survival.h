/* study/report_survival.h: endpoints and survival curves of a cohort for its report. */
#ifndef REOX_STUDY_REPORT_SURVIVAL_H
#define REOX_STUDY_REPORT_SURVIVAL_H

#include "reports/cohort_report.h"
#include "study/report_data.h"

/* n, events and medians of one endpoint. */
Rc endpoint_gather(EndpointResult *out, const ReportData *d, const Endpoint *p, Arena *a, Err *e);

/* The curve of all patients. *there false: nobody has a follow-up. */
Rc survival_gather(SurvivalPlot *out, bool *there, const ReportData *d, const Endpoint *p, Arena *a, Err *e);

/* Two curves by the median of the first hypoxia variable of a survival model, on that model's patients and from its clock. *there false: the
 * model has no such variable, or one value alone. */
Rc split_gather(SurvivalPlot *out, bool *there, const ReportData *d, const ReportModel *m, Arena *a, Err *e);

#endif
