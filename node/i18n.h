/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_I18N_H
#define NODE_I18N_H

/* Words for people, in their language: English is the msgid, the catalogues are node/po. */

#include <libintl.h>

#define _(text) gettext(text)
#define N_(text) text /* Marks a text of a constant table; _() translates it where it is printed. */

#endif
