/* core/scan.c: words of scans.csv. */
#include "core/scan.h"

const char *scan_status_name(ScanStatus s)
{
    static const char *const names[] = { "done", "not_done", "not_assessable" };
    return names[s];
}
