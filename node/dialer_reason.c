/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* Why a contact is not connected, in words, and who can change that. */

#include "node/dialer.h"
#include "node/i18n.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum about { NOTHING, ADDRESS, DETAIL };

static const struct {
    const char *name, *side, *text;
    enum about about;
} words[DIALER_FAILURES] = {
    [DIALER_UNTRIED] = {"untried", "nobody", "", NOTHING},
    [DIALER_UNRESOLVED] = {"unresolved", "we", N_("the name in %s is not known"), ADDRESS},
    [DIALER_NOBODY] = {"nobody", "they", N_("nobody listens at %s"), ADDRESS},
    [DIALER_UNREACHABLE] = {"unreachable", "either", N_("there is no way to %s"), ADDRESS},
    [DIALER_SILENT] = {"silent", "they", N_("%s does not answer"), ADDRESS},
    [DIALER_OTHER_KEY] = {"other_key", "we", N_("at %s is another key, or another network"), ADDRESS},
    [DIALER_STRANGER] = {"stranger", "they", N_("they do not know us yet"), NOTHING},
    [DIALER_REFUSED] = {"refused", "we", N_("they refuse us: %s"), DETAIL},
    [DIALER_LOST] = {"lost", "nobody", N_("the connection ended: %s"), DETAIL},
    [DIALER_BROKE] = {"broke", "they", N_("it broke the protocol: %s"), DETAIL},
    [DIALER_VERSION] = {"version", "either", N_("it speaks version %s of the protocol, and we do not"), DETAIL},
    [DIALER_TAKEN] = {"taken", "we", N_("the key there is another one: %s"), DETAIL},
    [DIALER_NO_ADDRESS] = {"no_address", "they", N_("no address of it is known: it has to call us"), NOTHING},
    [DIALER_REMOVED] = {"removed", "we", N_("it was removed here; 'igum peer add' takes it back"), NOTHING},
    [DIALER_CLOCK] = {"clock", "they", N_("its clock is off: it says %s"), DETAIL},
    [DIALER_OUR_CLOCK] = {"our_clock", "we", N_("our clock is off: that of others says %s"), DETAIL},
    [DIALER_CLOCKS] = {"clocks", "either", N_("its clock and ours differ: it says %s"), DETAIL},
};

const char *dialer_failure_name(enum dialer_failure why)
{
    return words[why].name;
}

enum dialer_failure dialer_failure_from_name(const char *name)
{
    for (unsigned i = 0; i < DIALER_FAILURES; i++)
        if (strcmp(words[i].name, name) == 0)
            return (enum dialer_failure)i;
    return DIALER_UNTRIED;
}

const char *dialer_failure_text(enum dialer_failure why)
{
    return words[why].text;
}

const char *dialer_failure_side(enum dialer_failure why)
{
    return words[why].side;
}

void dialer_failure_write(char to[DIALER_WHY], enum dialer_failure why, const char *text, const char *address,
                          const char *detail)
{
    const char *place = strstr(text, "%s");
    const char *about = words[why].about == ADDRESS ? address : detail;

    if (place == NULL)
        snprintf(to, DIALER_WHY, "%s", text);
    else
        snprintf(to, DIALER_WHY, "%.*s%.120s%s", (int)(place - text), text, about, place + 2);
}
