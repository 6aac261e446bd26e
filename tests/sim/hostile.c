/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/sim/hostile.h"

void hostile_enrol(struct world *w, struct buffer *bundle) { (void)w; (void)bundle; }
void hostile_free(struct world *w) { (void)w; }
void hostile_tick(struct world *w, uint32_t which) { (void)w; (void)which; }
void hostile_pump(struct world *w, uint32_t which) { (void)w; (void)which; }
void hostile_called(struct world *w, uint32_t which, struct connection *c, bool accepted) { (void)w; (void)which; (void)c; (void)accepted; }
struct bytes hostile_output(struct world *w, uint32_t which, uint32_t id) { (void)w; (void)which; (void)id; return bytes_of(NULL, 0); }
void hostile_sent(struct world *w, uint32_t which, uint32_t id, size_t count) { (void)w; (void)which; (void)id; (void)count; }
size_t hostile_receive(struct world *w, uint32_t which, uint32_t id, struct bytes in) { (void)w; (void)which; (void)id; return in.len; }
void hostile_cut(struct world *w, uint32_t which, uint32_t id) { (void)w; (void)which; (void)id; }
bool hostile_log(const struct world *w, const struct id *log) { (void)w; (void)log; return false; }
bool hostile_forks(const struct world *w, const struct id *log) { (void)w; (void)log; return false; }
