#include <pthread.h>
#include <stdlib.h>

#include "jqprog_priv.h"
#include "mem.h"

extern char **environ; /* POSIX wants it declared by its user */

static pthread_rwlock_t env_lock = PTHREAD_RWLOCK_INITIALIZER;

static struct {
	bool kept;
	char *tz; /* what TZ was; NULL: nothing. It stays for the life of the process. */
} env_before;

static char *copy_of(const char *variable)
{
	const char *value = getenv(variable);

	return value ? mem_strdup(value) : NULL;
}

static void set_variable(const char *name, const char *value)
{
	if (value)
		setenv(name, value, 1);
	else
		unsetenv(name);
}

char *jqenv_begin_compiling(void)
{
	char *home;

	pthread_rwlock_wrlock(&env_lock);
	if (!env_before.kept) {
		env_before.kept = true;
		env_before.tz = copy_of("TZ");
		set_variable("TZ", "UTC");
	}
	home = copy_of("HOME");
	set_variable("HOME", NULL);
	return home;
}

void jqenv_end_compiling(char *home)
{
	set_variable("HOME", home);
	free(home);
	pthread_rwlock_unlock(&env_lock);
}

void jqenv_begin_running(void)
{
	pthread_rwlock_rdlock(&env_lock);
}

void jqenv_end_running(void)
{
	pthread_rwlock_unlock(&env_lock);
}

static jv set_string(jv object, const char *name, const char *value)
{
	return value ? jv_object_set(object, jv_string(name), jv_string(value))
		     : jv_object_delete(object, jv_string(name));
}

jv jqenv_object(const char *home)
{
	jv env = jv_object();

	for (char *const *e = environ; *e; e++) {
		const char *eq = strchr(*e, '=');
		if (eq)
			env = jv_object_set(env, jv_string_sized(*e, (int)(eq - *e)),
					    jv_string(eq + 1));
	}
	return set_string(set_string(env, "TZ", env_before.tz), "HOME", home);
}
