/* core/version.h: what every output says of the program that made it. */
#ifndef REOX_CORE_VERSION_H
#define REOX_CORE_VERSION_H

#define REOX_VERSION "0.1.0"

/* The sentence under every page and in every machine output. */
#define REOX_DISCLAIMER \
    "For research use only. Not a medical device; not for diagnosis or treatment decisions. " \
    "Hypoxia thresholds are not standardised."

#endif
