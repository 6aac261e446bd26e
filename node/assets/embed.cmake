# SPDX-License-Identifier: AGPL-3.0-or-later
# Writes files as byte arrays of C: cmake -D OUT=assets.c -D FILES=a.css,b.svg -P embed.cmake
# Each file becomes `const struct bytes asset_NAME`, dots as underscores.
file(WRITE ${OUT}.new "/* Made by node/assets/embed.cmake. */\n#include \"node/asset.h\"\n")
string(REPLACE "," ";" files "${FILES}")
foreach(file ${files})
  get_filename_component(name ${file} NAME)
  string(REPLACE "." "_" symbol ${name})
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n" bytes "${bytes}")
  file(APPEND ${OUT}.new "static const uint8_t bytes_${symbol}[] = {\n${bytes}\n};\n"
    "const struct bytes asset_${symbol} = {.at = bytes_${symbol}, .len = sizeof bytes_${symbol}};\n")
endforeach()
file(RENAME ${OUT}.new ${OUT})
