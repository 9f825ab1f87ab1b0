/*
 * In a container the machine's memory is not what the process may use: the kernel ends whoever goes
 * beyond the control group's limit.
 */
#include "base/machine.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The file holds a number or "max". */
static int64_t limit_of(const char *root, const char *group)
{
	char name[PATH_MAX], line[64], *end;
	long long limit = 0;
	FILE *file;

	if (snprintf(name, sizeof name, "%s%s/memory.max", root, group) >= (int)sizeof name)
		return INT64_MAX;
	file = fopen(name, "re");
	if (!file)
		return INT64_MAX;
	end = line;
	if (fgets(line, sizeof line, file))
		limit = strtoll(line, &end, 10);
	fclose(file);
	return end > line && limit > 0 ? limit : INT64_MAX;
}

int64_t memory_limit_bytes(const char *root, const char *path)
{
	char group[PATH_MAX];
	int64_t lowest = limit_of(root, "");

	snprintf(group, sizeof group, "%s", path);
	for (char *slash; (slash = strrchr(group, '/')); *slash = '\0') {
		int64_t limit = limit_of(root, group);

		lowest = limit < lowest ? limit : lowest;
	}
	return lowest;
}

/* Where this process is: the line of version 2 begins with "0::". */
static int64_t own_limit(void)
{
	char line[PATH_MAX];
	int64_t limit = INT64_MAX;
	FILE *file = fopen("/proc/self/cgroup", "re");

	while (file && fgets(line, sizeof line, file)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "0::", 3) == 0)
			limit = memory_limit_bytes("/sys/fs/cgroup", line + 3);
	}
	if (file)
		fclose(file);
	return limit;
}

int64_t machine_memory_bytes(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
	int64_t bytes = pages > 0 && page_bytes > 0 ? (int64_t)pages * page_bytes : 0;
	int64_t limit = own_limit();

	if (limit == INT64_MAX)
		return bytes;
	return bytes == 0 || limit < bytes ? limit : bytes;
}
