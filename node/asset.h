/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_ASSET_H
#define NODE_ASSET_H

/* Files of node/assets, and the catalogue of the pages, that are part of the program; node/assets/embed.cmake writes them out as C. */

#include "proto/bytes.h"

extern const struct bytes asset_igum_css;
extern const struct bytes asset_mark_svg;
extern const struct bytes asset_search_js;
extern const struct bytes asset_pages_he_mo; /* node/po/pages/he.po as msgfmt writes it. */

#endif
