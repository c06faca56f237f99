#!/bin/sh
# The version: the newest tag of a git checkout, else what a tarball's .tarball-version says.
dir=$(dirname "$0")/..
if [ -f "$dir/.tarball-version" ]; then
    cat "$dir/.tarball-version"
elif [ -e "$dir/.git" ] && v=$(git -C "$dir" describe --tags --match 'v[0-9]*' 2>/dev/null); then
    echo "${v#v}"
else
    echo 0.1.0
fi
