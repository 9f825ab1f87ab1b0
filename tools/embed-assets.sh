#!/bin/sh
# Makes C arrays of files that the daemon serves: embed-assets.sh header|source FILE …
# openapi.yaml becomes asset_openapi_yaml and asset_openapi_yaml_size; src/ui/app.js becomes
# asset_ui_app_js.
set -eu
export LC_ALL=C

what=$1
shift

symbol() {
	printf 'asset_%s' "$(printf '%s' "${1#src/}" | tr -c 'A-Za-z0-9' '_')"
}

echo '/* Made by tools/embed-assets.sh. */'
if [ "$what" = header ]; then
	printf '#ifndef WINNOW_GEN_ASSETS_H\n#define WINNOW_GEN_ASSETS_H\n\n#include <stddef.h>\n\n'
	for file in "$@"; do
		name=$(symbol "$file")
		printf 'extern const unsigned char %s[];\nextern const size_t %s_size;\n' "$name" "$name"
	done
	printf '\n#endif\n'
	exit
fi

printf '#include "gen/assets.h"\n'
for file in "$@"; do
	name=$(symbol "$file")
	printf '\nconst unsigned char %s[] = {\n' "$name"
	od -An -v -tu1 "$file" | sed 's/  */,/g; s/^,//; s/$/,/'
	printf '0};\nconst size_t %s_size = sizeof(%s) - 1;\n' "$name" "$name"
done
