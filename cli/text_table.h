/* cli/text_table.h: cells in columns for a terminal: texts at the left, decimal signs below each other. */
#ifndef REOX_CLI_TEXT_TABLE_H
#define REOX_CLI_TEXT_TABLE_H

#include "core/json.h"
#include "core/str.h"

enum { TEXT_TABLE_ROWS = 200, TEXT_TABLE_COLUMNS = 24, TEXT_LINE = 116 };

/* Filled column by column; {0} is empty. The first `n_labels` columns name the rows: they stand again where a table that is wider than a
 * line goes on below. */
typedef struct {
    size_t n_rows, n_columns, n_labels;
    size_t at[TEXT_TABLE_COLUMNS][TEXT_TABLE_ROWS + 1];        /* where in `texts` a cell begins; 0: empty. Row 0 is the heading */
    Str texts;
} TextTable;

/* The next column; false, and nothing happens, when there is no room for it. */
bool text_table_column(TextTable *t, const char *heading);
/* A cell of the last column; rows from 0, at most TEXT_TABLE_ROWS. */
void text_table_cell(TextTable *t, size_t row, const char *text);
/* The same: text as it is, true as yes, a number with five digits, null as NA, [lower, upper] as "lower to upper". */
void text_table_json(TextTable *t, size_t row, const Json *value);
/* Appends all that was filled in, and empties the table. */
void text_table_print(Str *out, TextTable *t);

/* A value as text_table_json writes it. */
void text_value(Str *out, const Json *value);
void text_number(Str *out, double x);

#endif
