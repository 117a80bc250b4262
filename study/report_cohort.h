/* study/report_cohort.h: the cohort report's structs from what the database holds. */
#ifndef REOX_STUDY_REPORT_COHORT_H
#define REOX_STUDY_REPORT_COHORT_H

#include "reports/cohort_report.h"
#include "study/report_data.h"

/* Everything that out points to is the arena's or the data's. inputs_sha: digest of what is shown. */
Rc cohort_report_gather(CohortReport *out, const ReportData *d, const char *inputs_sha, Arena *a, Err *e);

/* One model of the data as pages show it. */
Rc model_result_gather(ModelResult *out, const ReportData *d, const ReportModel *m, Arena *a, Err *e);

#endif
