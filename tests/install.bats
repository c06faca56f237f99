#!/usr/bin/env bats
# What `make install` puts where, and that nothing of it stays behind. DESTDIR stands before every name.

load helper

setup()
{
	common_setup
	root=$PWD/root
}

# In the build directory, and on its own: no part of the make that runs the tests.
install_make()
{
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -C "$KPIPE_BUILDDIR" DESTDIR="$root" \
		prefix=/opt/kpipe "$@" >make.log 2>&1 || fail "$(cat make.log)"
}

installed()
{
	(cd "$root/opt/kpipe" && find . -type f | sed 's|^\./||' | LC_ALL=C sort)
}

# What the tree has sources for.
wanted()
{
	local file tool
	for file in "$KPIPE_SRCDIR"/tools/*.c; do
		tool=$(basename "$file" .c)
		[[ $tool != *_* ]] || continue # a part of one
		echo "bin/$tool"
		echo "share/man/man1/$tool.1"
		echo "share/bash-completion/completions/$tool"
		echo "share/fish/vendor_completions.d/$tool.fish"
	done
	echo share/zsh/site-functions/_kpipe
	for file in kpipe-envelope.5 kpipe-expr.7 kpipe.7; do
		echo "share/man/man${file##*.}/$file"
	done
	for file in LICENSE NEWS.md README.md; do
		echo "share/doc/kpipe/$file"
	done
	(cd "$KPIPE_SRCDIR" && find examples -type f ! -name local.mk -exec printf 'share/doc/kpipe/%s\n' {} +)
}

@test "every tool, page, completion, document and example is installed, and nothing else" {
	install_make install
	wanted | LC_ALL=C sort >want
	installed >got
	same_file want got
	[ "$(find root -type f | wc -l)" = "$(wc -l <want)" ] || fail "some are elsewhere: $(find root)"
}

@test "what is installed runs" {
	install_make install
	PATH=$root/opt/kpipe/bin:$PATH
	[ "$(command -v kmap)" = "$root/opt/kpipe/bin/kmap" ]
	same_text 2 "$(echo '{"a":1}' | kmap '.a + 1')"
	for tool in "$root"/opt/kpipe/bin/*; do
		run "$tool" --version
		assert_status 0
	done
}

@test "uninstall leaves no file" {
	install_make install
	install_make uninstall
	same_text "" "$(find root -type f -o -type l)"
}

@test "install-strip leaves tools that run" {
	install_make install-strip
	same_text 2 "$(echo '{"a":1}' | "$root/opt/kpipe/bin/kmap" '.a + 1')"
}
