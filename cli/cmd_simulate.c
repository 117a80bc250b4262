/* cli/cmd_simulate.c: reox simulate SPEC.json --out DIR: a synthetic study folder with known truth. */
#include <string.h>

#include "cli/command.h"
#include "core/embed.h"
#include "core/file.h"
#include "core/json.h"
#include "core/str.h"
#include "sample_cohort/simulate.h"

/* The file, or the specification that is part of the program under the name `sample`. */
static Rc read_spec(SimulationSpec *out, const char *path, Err *e)
{
    const EmbeddedFile *sample = embedded_find(embedded_sample_cohort, "spec.json");
    Json *j = NULL;
    Rc rc;

    if (strcmp(path, "sample") == 0 && !file_exists(path) && sample)
        rc = json_parse(&j, sample->text, sample->size, "sample", e);
    else
        rc = json_read(&j, path, path, e);
    if (rc == OK) rc = simulation_spec_read(out, j, path, e);
    json_free(j);
    return rc;
}

static void describe(Str *text, const SimulationSpec *s, const SimulationCounts *n, const char *dir)
{
    str_appendf(text, "%s: %zu simulated patients, tracer %s, scenario %s, seed %llu\n", dir, n->patients, s->tracer->name,
                scenario_name(s->scenario), (unsigned long long)s->seed);
    str_appendf(text, "  scans       %zu done%s, %zu not done\n", n->scans, s->images ? "" : " (without images)", n->not_done);
    str_appendf(text, "  events      %zu deaths, %zu locoregional failures\n", n->deaths, n->failures);
    str_appendf(text, "  response    %zu of %zu judged\n", n->responders, n->responses);
    str_appendf(text, "  truth       %s/truth.json\n", dir);
}

static Json *result_json(const SimulationSpec *s, const SimulationCounts *n, const char *dir)
{
    Json *j = json_object();

    json_set_text(j, "schema", "reox.simulate/1");
    json_set_text(j, "folder", dir);
    json_set(j, "spec", simulation_spec_json(s));
    json_set_number(j, "patients", (double)n->patients);
    json_set_number(j, "scans_done", (double)n->scans);
    json_set_number(j, "scans_not_done", (double)n->not_done);
    json_set_number(j, "deaths", (double)n->deaths);
    json_set_number(j, "locoregional_failures", (double)n->failures);
    json_set_number(j, "responders", (double)n->responders);
    json_set_number(j, "responses", (double)n->responses);
    return j;
}

static ExitCode run(const CommandLine *c)
{
    const char *dir = cli_text(c, "out");
    SimulationSpec spec;
    SimulationCounts n = { 0 };
    Json *j = NULL;
    Str text = { 0 };
    Err e = { 0 };
    Rc rc = OK;

    if (!dir) { rc = err_set(&e, ERR_USAGE, "simulate: --out DIR is missing, expected the folder to write"); goto out; }
    TRY(read_spec(&spec, cli_argument(c, 0), &e));
    TRY(simulate_cohort(&n, &spec, dir, cli_threads(c), cli_progress(c), &e));
    if (cli_json(c)) {
        j = result_json(&spec, &n, dir);
        TRY(cli_print_json(j, &e));
    } else {
        describe(&text, &spec, &n, dir);
        TRY(str_check(&text, &e));
        TRY(cli_print(text.s, &e));
    }
out:
    json_free(j);
    str_free(&text);
    return rc == OK ? EXIT_DONE : cli_fail(&e);
}

static const CliOption options[] = {
    { "out", CLI_TEXT, "DIR", "folder to write; made when it is not there", false },
    { 0 },
};

const Command command_simulate = {
    .name = "simulate",
    .synopsis = "SPEC.json --out DIR",
    .summary = "writes a synthetic study folder with known truth",
    .details =
        "reox simulate sample --out DIR         the 60 patients that are part of the program\n"
        "echo '{\"n\": 200, \"scenario\": \"mid\"}' > spec.json; reox simulate spec.json --out DIR\n"
        "\n"
        "Keys of the specification, all optional: n, seed, tracer (FMISO, HX4, FAZA, FETNIM), scenario (null, pre, mid, both,\n"
        "separation), effects (log hazard and odds ratios per standard deviation: {\"os\": {\"z0\", \"zm\", \"v\", \"a\"}, \"lrf\": {\"z0\",\n"
        "\"zm\", \"v\"}, \"response\": {\"intercept\", \"z0\", \"zm\", \"v\"}}), centers (a list of A, B, C, D), images (false: tables and truth\n"
        "only), noise (false, or a factor), motion, missing, censoring (false switches one off).\n"
        "\n"
        "truth.json holds what the study should find. The same specification gives the same bytes on every machine.",
    .options = options,
    .min_arguments = 1,
    .max_arguments = 1,
    .run = run,
};
