/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/qr.h"

#include <qrencode.h>
#include <stdbool.h>
#include <stdio.h>

#define MARGIN 2

static bool is_dark(const QRcode *code, int x, int y)
{
    if (x < 0 || y < 0 || x >= code->width || y >= code->width)
        return false;
    return (code->data[y * code->width + x] & 1) != 0;
}

void qr_print(const char *text)
{
    static const char *const halves[] = {"\xe2\x96\x88", "\xe2\x96\x80", "\xe2\x96\x84", " "};
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);

    if (code == NULL)
        return;
    /* Two rows a line; light is drawn, for most terminals are dark. */
    for (int y = -MARGIN; y < code->width + MARGIN; y += 2) {
        for (int x = -MARGIN; x < code->width + MARGIN; x++)
            fputs(halves[2 * is_dark(code, x, y) + is_dark(code, x, y + 1)], stdout);
        fputc('\n', stdout);
    }
    QRcode_free(code);
}
