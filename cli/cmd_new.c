/* cli/cmd_new.c: reox new DIR: a study folder to fill in. */
#include "cli/command.h"
#include "core/json.h"
#include "study/new_study.h"

static ExitCode run(const CommandLine *c)
{
    Err e = { 0 };
    Rc rc = OK;
    Str text = { 0 };
    Json *j = NULL;
    const char *dir = cli_argument(c, 0);
    TRY(study_new(dir, &e));
    if (cli_json(c)) {
        static const char *const files[] = { "study.json", "clinical.csv", "scans.csv", "README.md", "images" };
        j = json_object();
        json_set_text(j, "schema", "reox.new/1");
        json_set_text(j, "folder", dir);
        json_set_texts(j, "files", files, sizeof files / sizeof *files);
        TRY(cli_print_json(j, &e));
    } else {
        str_appendf(&text, "%s: study.json, clinical.csv, scans.csv and README.md, which explains them; put the images in %s/images\n", dir, dir);
        TRY(str_check(&text, &e));
        TRY(cli_print(text.s, &e));
    }
out:
    json_free(j);
    str_free(&text);
    return rc == OK ? EXIT_DONE : cli_fail(&e);
}

const Command command_new = {
    .name = "new",
    .synopsis = "DIR",
    .summary = "writes a study folder to fill in, with a README that explains every key and column",
    .details = "reox new my_study\n\nThe folder must be new or empty.",
    .min_arguments = 1, .max_arguments = 1,
    .run = run,
};
