#!/usr/bin/env bats
# What bootstrap would install, on machines made of stand-ins: each starts with all that is needed,
# and lacks what its test takes away.

load helper

setup()
{
	common_setup
	mkdir -p tree/tests/kafka bin
	cp "$KPIPE_SRCDIR/bootstrap" tree
	cp "$KPIPE_SRCDIR/tests/kafka/fetch" "$KPIPE_SRCDIR/tests/kafka/pom.xml" tree/tests/kafka
	cp "$KPIPE_SRCDIR/tests/summary.sh" tree/tests
	for tool in awk cat cksum cut date dirname find getconf grep mkdir rm sed sh sort tail; do
		ln -s "$(command -v $tool)" bin
	done
	for tool in apt-get autoconf automake bash bats clang cppcheck datamash fish java jq kcat make \
		mandoc mlr mvn pkg-config ps python3 qemu-aarch64 shellcheck sqlite3 strace valgrind xz zsh zstd; do
		stand_in $tool <<<'exit 0'
	done
	stand_in id <<<'echo 0'
	stand_in cc <<<'exec cat >/dev/null'
	stand_in aarch64-linux-gnu-gcc <<<'exec cat >/dev/null'
}

stand_in()
{
	{
		echo '#!/bin/sh'
		cat
	} >"bin/$1"
	chmod +x "bin/$1"
}

# A machine without a header.
without_header()
{
	stand_in cc <<<"! grep -q '<$1>'"
}

bootstrap()
{
	env -i PATH="$PWD/bin" HOME="$PWD" KPIPE_REQUIRE_KAFKA="${require:-}" \
		KPIPE_REQUIRE_CHECKS="${require:-}" tree/bootstrap "$@"
}

@test "nothing is installed where all is there" {
	run bootstrap check -n
	assert_status 0
	[[ $output != *install* ]] || fail "$output"
	assert_match '^autoreconf -fi'
}

@test "only what is missing is installed" {
	without_header csv.h
	run bootstrap demo -n
	assert_status 0
	assert_match '--no-install-recommends install libcsv-dev'$'\n'
}

@test "a demo needs no test programs" {
	rm bin/bats bin/mlr bin/java bin/mvn
	run bootstrap demo -n
	[[ $output != *install* ]] || fail "$output"
}

@test "check installs test programs, the optional ones apart" {
	rm bin/bats bin/mlr bin/java bin/mvn
	run bootstrap check -n
	assert_status 0
	assert_match 'install bats'$'\n'
	assert_match 'install miller default-jre-headless maven'$'\n'
}

@test "KPIPE_REQUIRE_KAFKA=1: no tests without Java and Maven" {
	rm bin/java bin/mvn
	require=1 run bootstrap check -n
	assert_match 'install default-jre-headless maven'$'\n'
}

@test "no Maven is needed where Kafka has been fetched" {
	rm bin/mvn
	fetch() { env -i PATH="$PWD/bin" HOME="$PWD" tree/tests/kafka/fetch "$@"; }
	mkdir -p "$(fetch --where)"
	: >"$(fetch --where)/classpath-$(cksum <tree/tests/kafka/pom.xml | cut -d ' ' -f 1)"
	run bootstrap check -n
	[[ $output != *maven* ]] || fail "$output"
}

@test "deep installs what it needs, and takes what it can get of what its checks need" {
	rm bin/bats bin/clang bin/java bin/mvn
	run bootstrap deep -n
	assert_status 0
	assert_match 'install bats'$'\n'
	assert_match 'install clang libclang-rt-dev'$'\n'
	[[ $output != *maven* ]] || fail "$output"
	require=1 run bootstrap deep -n
	assert_match 'install bats clang libclang-rt-dev'$'\n'
}

@test "a compiler without sanitizers gets them" {
	rm bin/apt-get
	stand_in dnf <<<'exit 1'
	stand_in cc <<'END'
case $* in
*=address*) exit 1 ;;
*) cat >/dev/null ;;
esac
END
	run bootstrap deep -n
	assert_match 'install libasan'$'\n'
	run bootstrap check -n
	[[ $output != *install* ]] || fail "$output"
}

# A machine on which `make GOAL` writes one result, and fails for the goals among ARGs.
with_make()
{
	: >tree/configure
	stand_in make <<-END
	for goal; do :; done
	mkdir -p build/tests
	case " $* " in
	*" \$goal "*)
		echo "bad luck with \$goal"
		exit 2
		;;
	esac
	echo ":test-result: PASS" >build/tests/\$goal.trs
	END
	mkdir -p tree/build
	echo "abs_top_srcdir = $PWD/tree" >tree/build/Makefile
}

@test "deep runs every check and adds up what they give, and nothing older" {
	with_make
	mkdir -p tree/build/asan
	echo ":test-result: FAIL" >tree/build/asan/old.trs
	touch -d '1 minute ago' tree/build/asan/old.trs
	run bootstrap deep
	assert_status 0
	for stage in distcheck check-asan check-libjq check-valgrind check-fuzz check-arm check-analyze; do
		assert_match "(^|"$'\n'")$stage: [0-9]+ s"
	done
	assert_match $'\n''7 passed, 0 failed, 0 skipped$'
}

@test "a check that fails stops no other, is shown, and is named at last" {
	with_make check-asan check-analyze
	run bootstrap deep
	assert_status 1
	assert_match 'check-fuzz: [0-9]+ s'
	assert_match 'bad luck with check-asan'
	assert_match $'\n''failed: check-asan check-analyze$'
}

@test "a test that has failed makes deep fail although make has not" {
	with_make
	stand_in make <<<'mkdir -p build/tests; echo ":test-result: FAIL" >build/tests/x.trs'
	run bootstrap deep
	assert_status 1
	assert_match $'\n''failed: summary$'
}

@test "each package manager has its names" {
	without_header jq.h
	rm bin/apt-get
	stand_in brew <<<'echo /opt'
	run bootstrap demo -n
	assert_match '^brew install jq'$'\n'
	stand_in apk <<<'exit 1'
	run bootstrap demo -n
	assert_match '^apk add jq-dev'$'\n'
	stand_in dnf <<<'exit 1'
	run bootstrap demo -n
	assert_match '^dnf -y install jq-devel'$'\n'
}

@test "what no package is known for is named" {
	without_header csv.h
	rm bin/apt-get
	run bootstrap demo -n
	assert_status 1
	assert_output 'bootstrap: no package is known here for: csv.h; install by hand'
}

@test "others than root are asked, and no answer is a no" {
	without_header csv.h
	stand_in id <<<'echo 1000'
	stand_in apt-get <<<'echo called >&2'
	run bootstrap demo </dev/null
	assert_status 1
	assert_match 'bootstrap: nothing was installed'
	run bootstrap demo <<<n
	assert_status 1
	[[ $output != *called* ]] || fail "$output"
}

@test "sudo is used where it is there" {
	without_header csv.h
	stand_in id <<<'echo 1000'
	stand_in sudo <<<'exit 1'
	run bootstrap demo -n
	assert_match '^sudo apt-get -q update && sudo env '
}

@test "what is still missing after installing is named" {
	without_header csv.h
	ln -s "$(command -v env)" bin
	run bootstrap demo -y
	assert_status 1
	assert_match 'still not there or too old: libcsv-dev'
}

@test "a failed installation shows why" {
	without_header csv.h
	stand_in apt-get <<<'echo no such luck >&2; exit 100'
	run bootstrap demo -y
	assert_status 1
	assert_match 'no such luck'
	assert_match 'bootstrap: install failed'
}

@test "a wrong command line is answered with the usage" {
	run bootstrap
	assert_status 2
	run bootstrap deploy
	assert_status 2
	assert_match './bootstrap demo '
	assert_match './bootstrap deep '
	run bootstrap --help
	assert_status 0
}
