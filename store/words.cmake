# SPDX-License-Identifier: AGPL-3.0-or-later
# Writes the list of words as a byte array of C: cmake -D OUT=words_shipped.c -D FROM=words.txt -P words.cmake
file(READ ${FROM} hex HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n" bytes "${bytes}")
file(WRITE ${OUT}.new "/* Made by store/words.cmake. */\n#include \"store/words.h\"\nstatic const uint8_t bytes[] = {\n${bytes}\n};\n"
  "const struct bytes words_shipped = {.at = bytes, .len = sizeof bytes};\n")
file(RENAME ${OUT}.new ${OUT})
