/* study/new_study.c: the templates of `reox new`. */
#include "study/new_study.h"

#include <dirent.h>
#include <string.h>

#include "core/file.h"

static const char protocol[] =
    "{\n"
    "  \"name\": \"My study\",\n"
    "  \"clinical\": \"clinical.csv\",\n"
    "  \"scans\": \"scans.csv\",\n"
    "  \"timepoints\": [\"pre\", \"mid\", \"end\"],\n"
    "  \"hypoxia\": { \"FMISO\": { \"reference\": \"blood\", \"threshold\": 1.4, \"operator\": \">=\" } },\n"
    "  \"features\": { \"discretise\": { \"method\": \"fixed_bin_size\", \"bin_size\": 0.25 } },\n"
    "  \"columns\": {\n"
    "    \"age\": { \"label\": \"Age\", \"unit\": \"years\" },\n"
    "    \"stage\": { \"label\": \"Stage\", \"levels\": [\"II\", \"III\", \"IV\"] }\n"
    "  },\n"
    "  \"exclude\": [],\n"
    "  \"changes\": [[\"pre\", \"mid\"], [\"pre\", \"end\"]],\n"
    "  \"endpoints\": { \"os\": { \"time\": \"os_months\", \"event\": \"os_event\", \"time_unit\": \"months\" } },\n"
    "  \"board\": { \"endpoint\": \"os\", \"horizon\": 24, \"models\": [] },\n"
    "  \"models\": []\n"
    "}\n";

static const char clinical[] = "patient,age,sex,stage,histology,os_months,os_event\n";

static const char scans[] =
    "patient,timepoint,tracer,status,image,units,roi_gtv,roi_blood,roi_muscle,reference_value,day,uptake_min,injected_mbq,weight_kg,height_m,sex,center\n";

static const char readme[] =
    "# A study folder for reox\n"
    "\n"
    "Fill in three files, put the images below this folder, then:\n"
    "\n"
    "    reox check .       says what is wrong, file and line; writes nothing\n"
    "    reox run .         database, features, models, report\n"
    "\n"
    "Research use only. No names, birth dates or other identifiers: use a study code for each patient.\n"
    "\n"
    "## clinical.csv: a row a patient\n"
    "\n"
    "| column | meaning |\n"
    "|---|---|\n"
    "| `patient` | the key: 1 to 64 of letters, digits, `.`, `_`, `-`; each once, whatever the case |\n"
    "| `time_zero` | optional: ISO date from which survival is counted; only needed with `scan_date`; it is not stored |\n"
    "| all others | your own; those that an endpoint of study.json names must be there; names, birth dates and columns of dates are left out. The "
    "others here are examples |\n"
    "\n"
    "Times are numbers of 0 or more; an event is 1, no event 0 (or codes 0, 1, 2 ... where the endpoint names a `cause`).\n"
    "CSV with commas and decimal points, UTF-8; a missing value is an empty field or NA. A bad cell refuses its patient.\n"
    "\n"
    "## scans.csv: a row a scan\n"
    "\n"
    "| column | meaning |\n"
    "|---|---|\n"
    "| `patient`, `timepoint`, `tracer` | required; together they occur once. `reox list tracers` shows the known tracers; any other is taken with a warning |\n"
    "| `status` | `done` (default), `not_done`, `not_assessable` |\n"
    "| `image` | NIfTI file (.nii, .nii.gz) below this folder; required if done |\n"
    "| `units` | `SUV` (default), `Bq/mL`, `TBR`, `HU` |\n"
    "| `roi_gtv` | mask of the tumour, on the image's grid; `mask.nii.gz#2` takes label 2 alone |\n"
    "| `roi_blood`, `roi_muscle`, `roi_mediastinum` | masks of reference regions |\n"
    "| `roi_<name>` | any other region; it gets features of its own |\n"
    "| `reference_value` | reference uptake measured otherwise (a blood sample), in the image's unit; wins over a region |\n"
    "| `day` | day of the scan, counted from the endpoints' time zero; may be negative. Landmark models need it |\n"
    "| `scan_date` | instead of `day`: ISO date, where clinical.csv has `time_zero`; the day is stored, the date is not |\n"
    "| `uptake_min` | minutes from injection to scan |\n"
    "| `injected_mbq`, `weight_kg`, `height_m`, `sex`, `center` | of this scan; sex is M, F or O |\n"
    "\n"
    "A row that cannot be placed refuses the whole table, because others may be swapped as well; a file that cannot be read refuses its scan.\n"
    "\n"
    "## study.json: the protocol\n"
    "\n"
    "Only `clinical` and `scans` are required. Unknown keys, doubled keys and wrong types are refused.\n"
    "\n"
    "| key | meaning |\n"
    "|---|---|\n"
    "| `name` | title of the study, for reports |\n"
    "| `clinical`, `scans` | names of the two tables |\n"
    "| `timepoints` | names of the time points in their order in time |\n"
    "| `hypoxia` | by tracer: `reference` (the name behind `roi_`), `threshold` of the ratio to it, `operator` (`>= > <= <`); what is left out "
    "comes from the tracer's preset |\n"
    "| `features` | how features are computed: `resample`, `quantity`, `resegment`, `discretise`, `ivh`, `texture`, `families`, `filter`; "
    "`by_tracer` overrides them for one tracer |\n"
    "| `columns` | by column: `label`, `unit`, `levels` (text; the first is the reference) |\n"
    "| `exclude` | list of `{\"if\": \"histology == 'SCLC'\", \"reason\": \"not NSCLC\"}`: patients that no model uses |\n"
    "| `changes` | pairs of time points; default: each with the first |\n"
    "| `endpoints` | by name: `time`, `event`, `time_unit` (days, weeks, months, years) and, with competing events, `cause` (the code that counts); "
    "or `column` for a response |\n"
    "| `board` | the tumour-board report: `endpoint`, `horizon` in its unit, `models` |\n"
    "| `models` | list of models, below |\n"
    "\n"
    "A model: `name`, `method` (`reox list methods`), `formula` as in R, and where wanted `landmark`, `allow_immortal_time`, `levels`, `subset`, `weights`,\n"
    "`cluster` and the options of its method (`penalty`, `ties` ...; `reox stat METHOD --help`, with `_` for `-`).\n"
    "\n"
    "    { \"name\": \"os_pre\", \"method\": \"cox\", \"formula\": \"Surv(os_months, os_event) ~ fmiso_pre_fhv + age\" },\n"
    "    { \"name\": \"os_mid\", \"method\": \"cox\", \"landmark\": \"mid\", \"formula\": \"Surv(os_months, os_event) ~ fmiso_mid_fhv + age\" }\n"
    "\n"
    "Variables are named `<tracer>_<timepoint>_<feature>` (`fmiso_pre_fhv`; with `_<roi>` after the time point for other regions than gtv) and\n"
    "`<tracer>_<from>_<to>_<change>` (`fmiso_pre_mid_delta_tbr_max`); `reox list features` names the features. A survival model that uses a scan after\n"
    "the first needs a `landmark`, the time point from which its clock runs: else patients would have to survive to be scanned (immortal time).\n";

static Rc require_empty(const char *dir, Err *e)
{
    Rc rc = OK;
    DIR *d = opendir(dir);
    if (!d) return file_exists(dir) ? err_set(e, ERR_INPUT, "%s: is a file, expected a new or an empty folder", dir) : OK;
    for (const struct dirent *f; (f = readdir(d)) && rc == OK; )
        if (strcmp(f->d_name, ".") != 0 && strcmp(f->d_name, "..") != 0)
            rc = err_set(e, ERR_INPUT, "%s: folder is not empty (%.60s), expected a new or an empty one", dir, f->d_name);
    closedir(d);
    return rc;
}

static Rc write_text(const char *dir, const char *name, const char *text, Err *e)
{
    Rc rc = OK;
    Str path = { 0 };
    path_join(&path, dir, name);
    TRY(str_check(&path, e));
    TRY(file_write_atomic(path.s, text, strlen(text), e));
out:
    str_free(&path);
    return rc;
}

Rc study_new(const char *dir, Err *e)
{
    Rc rc = OK;
    Str images = { 0 };
    TRY(require_empty(dir, e));
    path_join(&images, dir, "images");
    TRY(str_check(&images, e));
    TRY(folder_make(images.s, e));
    TRY(write_text(dir, "clinical.csv", clinical, e));
    TRY(write_text(dir, "scans.csv", scans, e));
    TRY(write_text(dir, "README.md", readme, e));
    TRY(write_text(dir, "study.json", protocol, e));
out:
    str_free(&images);
    return rc;
}
