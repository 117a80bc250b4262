/* tools/feature_docs.c: the page docs/features.md, made from features.def. `make docs` writes it to build/MODE/docs. */
#include <stdio.h>

#include "features/feature.h"

/* Text of a table's cell: '|' would end it, '<' and '>' could be taken for HTML. */
static void cell(const char *text)
{
    for (; *text; text++) {
        if (*text == '|') fputs("\\|", stdout);
        else if (*text == '<') fputs("&lt;", stdout);
        else if (*text == '>') fputs("&gt;", stdout);
        else if (*text == '*' || *text == '_' || *text == '^') { putchar('\\'); putchar(*text); }
        else putchar(*text);
    }
    fputs(" | ", stdout);
}

int main(void)
{
    Family family = FAMILY_COUNT;
    printf("# Features\n\n%d rows. A texture feature has one value for each aggregation that the settings ask for: of matrices with a direction\n"
           "(GLCM, GLRLM) `2D:avg 2D:mrg 2.5D:dir 2.5D:mrg 3D:avg 3D:mrg`, of the others `2D 2.5D 3D`. The unit `intensity` is that of the image.\n",
           (int)FEATURE_COUNT);
    for (int i = 0; i < FEATURE_COUNT; i++) {
        const FeatureInfo *f = feature_info((FeatureId)i);
        if (f->family != family) {
            family = f->family;
            printf("\n## %s\n\n| name | IBSI | unit | definition | source |\n|---|---|---|---|---|\n", family_name(family));
        }
        fputs("| ", stdout);
        printf("`%s` | ", f->name);
        cell(f->ibsi);
        cell(f->unit);
        cell(f->definition);
        cell(f->source);
        putchar('\n');
    }
    return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
