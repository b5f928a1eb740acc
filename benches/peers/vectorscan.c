/* Vectorscan over the texts and patterns of one cell: prints MB/s of processor time. TEXTS PATTERNS KIND */
#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static size_t found;

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context) {
    (void)id, (void)from, (void)to, (void)flags, (void)context;
    found++;
    return 0;
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static char **lines(const char *path, int words, unsigned *count) {
    FILE *file = fopen(path, "r");
    char *line = NULL, **all = NULL;
    size_t room = 0;
    ssize_t length;
    if (!file) exit(2);
    for (*count = 0; (length = getline(&line, &room, file)) > 0; ++*count) {
        if (line[length - 1] == '\n') line[--length] = 0;
        if (!(all = realloc(all, (*count + 1) * sizeof *all))) exit(2);
        if (!(all[*count] = malloc((size_t)length + 5))) exit(2);
        sprintf(all[*count], words ? "\\b%s\\b" : "%s", line);
    }
    fclose(file);
    return all;
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    unsigned texts, patterns;
    char **text = lines(argv[1], 0, &texts), **pattern = lines(argv[2], !strcmp(argv[3], "words"), &patterns);
    unsigned *ids = calloc(patterns, sizeof *ids);
    size_t *length = calloc(texts, sizeof *length);
    if (!ids || !length) return 2;
    for (unsigned n = 0; n < patterns; n++) ids[n] = n;
    for (unsigned n = 0; n < texts; n++) length[n] = strlen(text[n]);
    hs_database_t *database;
    hs_compile_error_t *error;
    hs_scratch_t *scratch = NULL;
    if (hs_compile_multi((const char *const *)pattern, NULL, ids, patterns, HS_MODE_BLOCK, NULL, &database, &error)) {
        fprintf(stderr, "%s\n", error->message);
        return 1;
    }
    if (hs_alloc_scratch(database, &scratch)) return 1;
    double best = 0;
    unsigned next = 0;
    for (int round = 0; round < 4; round++) {
        double start = seconds(), bytes = 0, rate;
        while (seconds() - start < 0.2)
            for (int n = 0; n < 5; n++, next = (next + 1) % texts) {
                hs_scan(database, text[next], (unsigned)length[next], 0, scratch, on_match, NULL);
                bytes += (double)length[next];
            }
        rate = bytes / 1e6 / (seconds() - start);
        if (round && rate > best) best = rate;
    }
    found = 0;
    for (unsigned n = 0; n < texts && n < 100; n++)
        hs_scan(database, text[n], (unsigned)length[n], 0, scratch, on_match, NULL);
    printf("%.1f %zu\n", best, found);
    return 0;
}
