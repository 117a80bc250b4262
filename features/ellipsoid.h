/* features/ellipsoid.h: the size of an ellipsoid, and the smallest one around points. */
#ifndef REOX_FEATURES_ELLIPSOID_H
#define REOX_FEATURES_ELLIPSOID_H

#include <stddef.h>

#include "core/err.h"

double ellipsoid_volume(const double semi_axis[3]);

/* Surface area by the Legendre series of the IBSI reference manual (3.1.16), to order 20; longest semi-axis first, none 0.
 * A departure from the true area that the manual has: see the code. */
double ellipsoid_area(const double semi_axis[3]);

/* Eigenvalues of the symmetric 3 x 3 matrix m, largest first, none below 0, by Jacobi rotations (Golub and Van Loan 8.5). */
void eigenvalues_3(double value[3], const double m[3][3]);

/* Semi-axes, longest first, of the ellipsoid of least volume that holds the n points, n >= 4 and not all in one plane; its
 * volume is within 1e-7 of the least. Khachiyan's algorithm with the away steps of Todd and Yildirim 2007; points that
 * cannot touch it are dropped (Harman and Pronzato 2007). Fails with ERR_NOMEM. */
Rc ellipsoid_enclosing(double semi_axis[3], const double (*point)[3], size_t n, Err *e);

#endif
