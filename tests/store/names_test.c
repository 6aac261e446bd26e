/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/names.h"

#include "proto/bundle.h"
#include "store/files.h"
#include "store/index.h"
#include "tests/support/federation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct place {
    char home[64];
    struct federation federation;
    struct archive *archive;
    struct trust *trust;
    struct roster roster;
    struct names *names;
    struct buffer bundle;
    struct head heads[16];
    size_t head_count;
};

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof *place);

    assert_non_null(place);
    (void)snprintf(place->home, sizeof place->home, "/tmp/igum-names-XXXXXX");
    assert_non_null(mkdtemp(place->home));
    federation_begin(&place->federation, "רשת");
    assert_int_equal(archive_create(place->home, &place->federation.network), ERR_OK);
    assert_int_equal(archive_open(place->home, ARCHIVE_WRITE, &place->archive), ERR_OK);
    place->trust = trust_new(buffer_bytes(&place->federation.charter));
    assert_int_equal(archive_set_charter(place->archive, buffer_bytes(&place->federation.charter)), ERR_OK);
    place->names = names_new(place->archive, &place->roster);
    assert_non_null(place->names);
    place->bundle = BUFFER(LIMIT_BUNDLE);
    bundle_begin(&place->bundle, &place->federation.network);
    *state = place;
    return 0;
}

static int remove_place(void **state)
{
    struct place *place = *state;

    names_free(place->names);
    roster_free(&place->roster);
    trust_free(place->trust);
    archive_close(place->archive);
    assert_int_equal(files_remove_tree(place->home), ERR_OK);
    federation_free(&place->federation);
    buffer_free(&place->bundle);
    free(place);
    return 0;
}

static struct head *head_of(struct place *place, const struct id *log)
{
    for (size_t i = 0; i < place->head_count; i++)
        if (id_equal(&place->heads[i].log, log))
            return &place->heads[i];
    assert_true(place->head_count < sizeof place->heads / sizeof place->heads[0]);
    place->heads[place->head_count] = (struct head){.log = *log};
    return &place->heads[place->head_count++];
}

static void take_entry(struct place *place, struct bytes wire)
{
    struct buffer commit = BUFFER(LIMIT_COMMIT);
    struct entry entry;
    struct head after;

    assert_int_equal(entry_decode(wire, &place->federation.network, &entry), ERR_OK);
    struct head *head = head_of(place, &entry.log);
    assert_int_equal(entry_verify(&entry, head, &after, &commit), ERR_OK);
    *head = after;
    struct item item = {.head = after, .entry = wire, .commit = buffer_bytes(&commit)};
    assert_int_equal(archive_append(place->archive, &item, 1), ERR_OK);
    assert_int_equal(trust_add(place->trust, &entry, &after.entry), ERR_OK);
    buffer_free(&commit);
}

/* Stores the entries of the bundle, or else its contents. */
static void take(struct place *place, enum bundle_kind kind)
{
    struct bundle_reader reader;
    struct bundle_record record;

    assert_int_equal(bundle_open(&reader, buffer_bytes(&place->bundle), &place->federation.network), ERR_OK);
    while (bundle_next(&reader, &record) == ERR_OK && record.kind != BUNDLE_END) {
        struct item item = {.head = {.log = record.log, .seq = record.seq}, .content = record.bytes};

        if (kind == BUNDLE_ENTRY && record.kind == kind)
            take_entry(place, record.bytes);
        if (kind == BUNDLE_CONTENT && record.kind == kind) {
            assert_int_equal(archive_find_head(place->archive, &record.log, record.seq, bytes_of(NULL, 0), &item.head),
                             ERR_OK);
            assert_int_equal(archive_append(place->archive, &item, 1), ERR_OK);
        }
    }
}

static void assert_key(struct place *place, const struct id *key, const char *expected)
{
    char name[NAMES_SIZE];

    assert_int_equal(roster_take(&place->roster, place->trust), ERR_OK);
    (void)names_forget(place->names, false);
    names_key(place->names, key, name);
    assert_string_equal(name, expected);
}

static void assert_kibbutz(struct place *place, const struct id *kibbutz, const char *expected)
{
    char name[NAMES_SIZE];

    assert_int_equal(roster_take(&place->roster, place->trust), ERR_OK);
    (void)names_forget(place->names, false);
    names_kibbutz(place->names, kibbutz, name);
    assert_string_equal(name, expected);
}

static void founders_are_named_by_the_charter(void **state)
{
    struct place *place = *state;

    assert_key(place, &place->federation.founder.key.public, "דנה");
    assert_kibbutz(place, &place->federation.founder.kibbutz, "אלף");
    assert_key(place, &place->federation.founder.key.public, "דנה");
}

static void strangers_are_named_by_their_last_digits(void **state)
{
    struct place *place = *state;
    struct id stranger = {{1, [30] = 0xab, [31] = 0x12}};

    assert_key(place, &stranger, "…ab12");
    assert_kibbutz(place, &stranger, "…ab12");
}

static void name_of_a_grant_counts_once_its_content_is_here(void **state)
{
    struct place *place = *state;
    struct federation *f = &place->federation;
    struct writer coordinator = federation_writer("coordinator", &f->founder.kibbutz, ROLE_COORDINATOR);
    char expected[NAMES_SIZE];

    (void)federation_grant_coordinator(f, &f->founder, &coordinator.key.public, &place->bundle);
    take(place, BUNDLE_ENTRY);
    names_short(&coordinator.key.public, expected);
    assert_key(place, &coordinator.key.public, expected);
    take(place, BUNDLE_CONTENT);
    assert_key(place, &coordinator.key.public, "שם");
}

static void admitted_kibbutz_and_its_steward_bear_the_name_of_the_admission(void **state)
{
    struct place *place = *state;
    struct federation *f = &place->federation;
    struct id none = {{0}}, card = {{7}};
    struct writer ephemeral = federation_writer("ephemeral", &none, ROLE_INVITATION);
    struct id kibbutz = federation_admit(f, &f->founder, &ephemeral.key.public, &place->bundle);
    struct writer steward = federation_writer("steward", &kibbutz, ROLE_STEWARD);

    ephemeral.kibbutz = kibbutz;
    (void)federation_accept(f, &ephemeral, &kibbutz, &steward, &card, NULL, &place->bundle);
    take(place, BUNDLE_ENTRY);
    take(place, BUNDLE_CONTENT);
    assert_int_equal(trust_key(place->trust, &steward.key.public).status, TRUST_GOOD);
    assert_kibbutz(place, &kibbutz, "קיבוץ");
    assert_key(place, &steward.key.public, "קיבוץ");
}

/* Accepts as federation_accept() does, with a name of the newcomer's own. */
static void accept_with_name(struct place *place, struct writer *ephemeral, const struct id *invitation,
                             const struct writer *newcomer, const struct id *card, const char *name)
{
    static const uint8_t salt[CONTENT_SALT_LEN] = {1};
    struct federation *f = &place->federation;
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY), packed = BUFFER(LIMIT_CONTENT), hex = BUFFER(2 * SSHSIG_LEN);
    struct signature consent;
    struct id content;
    struct id hash =
        act_consent_hash(&f->network, &ephemeral->key.public, invitation, &newcomer->key.public, card, NULL);

    assert_int_equal(content_pack_name(name, salt, &packed, &content), ERR_OK);
    sshsig_sign_plain(&newcomer->key, id_bytes(&hash), &consent);
    buffer_hex(&hex, bytes_of(consent.at, SSHSIG_LEN));
    act_write_id(&body, ACT_INVITATION, invitation);
    act_write_id(&body, ACT_KEY, &newcomer->key.public);
    if (card)
        act_write_id(&body, ACT_CARD, card);
    act_write_id(&body, ACT_CONTENT, &content);
    act_write(&body, ACT_CONSENT, buffer_bytes(&hex));
    (void)federation_sign(f, ephemeral, ACT_ACCEPT, buffer_bytes(&body), buffer_bytes(&packed), &place->bundle);
    buffer_free(&body);
    buffer_free(&packed);
    buffer_free(&hex);
}

static void newcomers_own_name_goes_before_the_inviters(void **state)
{
    struct place *place = *state;
    struct federation *f = &place->federation;
    struct writer ephemeral = federation_writer("ephemeral", &f->founder.kibbutz, ROLE_INVITATION);
    struct writer coordinator = federation_writer("coordinator", &f->founder.kibbutz, ROLE_COORDINATOR);
    struct id grant =
        federation_grant_invitation(f, &f->founder, &ephemeral.key.public, ROLE_COORDINATOR, &place->bundle);

    accept_with_name(place, &ephemeral, &grant, &coordinator, NULL, "יעל");
    take(place, BUNDLE_ENTRY);
    take(place, BUNDLE_CONTENT);
    assert_int_equal(trust_key(place->trust, &coordinator.key.public).status, TRUST_GOOD);
    assert_key(place, &coordinator.key.public, "יעל");
}

static void write_line(struct buffer *body, const struct id *kibbutz, const char *vote, const struct id *card,
                       const struct id *key)
{
    struct buffer line = BUFFER(KIB(1));

    buffer_hex(&line, id_bytes(kibbutz));
    buffer_text(&line, vote);
    buffer_hex(&line, id_bytes(card));
    buffer_text(&line, " ");
    buffer_hex(&line, id_bytes(key));
    act_write(body, ACT_LINE, buffer_bytes(&line));
    buffer_free(&line);
}

/* A root of the founder alone that registers the kibbutz without vote. */
static void register_kibbutz(struct place *place, const struct id *kibbutz, const struct id *card, const struct id *key)
{
    struct federation *f = &place->federation;
    const struct charter_founder *founder = &trust_charter(place->trust)->founders[0];
    bool first = id_compare(&founder->kibbutz, kibbutz) < 0;
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY);

    act_write_id(&body, ACT_BASE, &f->network);
    act_write(&body, ACT_MAJORITY, bytes_text("1"));
    act_write(&body, ACT_ADMISSION, bytes_text("1"));
    if (!first)
        write_line(&body, kibbutz, " none ", card, key);
    write_line(&body, &founder->kibbutz, " vote ", &founder->card, &f->founder.key.public);
    if (first)
        write_line(&body, kibbutz, " none ", card, key);
    (void)federation_sign(f, &f->founder, ACT_COUNCIL, buffer_bytes(&body), bytes_of(NULL, 0), &place->bundle);
    buffer_free(&body);
}

static void steward_that_a_root_lists_keeps_the_name_of_the_hand_over(void **state)
{
    struct place *place = *state;
    struct federation *f = &place->federation;
    struct id none = {{0}}, card = {{7}};
    struct writer ephemeral = federation_writer("ephemeral", &none, ROLE_INVITATION);
    struct id kibbutz = federation_admit(f, &f->founder, &ephemeral.key.public, &place->bundle);
    struct writer steward = federation_writer("steward", &kibbutz, ROLE_STEWARD);

    ephemeral.kibbutz = kibbutz;
    accept_with_name(place, &ephemeral, &kibbutz, &steward, &card, "יעל");
    register_kibbutz(place, &kibbutz, &card, &steward.key.public);
    take(place, BUNDLE_ENTRY);
    take(place, BUNDLE_CONTENT);
    assert_int_equal(trust_council(place->trust).number, 1);
    assert_key(place, &steward.key.public, "יעל");
    assert_key(place, &f->founder.key.public, "דנה");
}

static void invited_coordinator_without_own_name_bears_the_inviters(void **state)
{
    struct place *place = *state;
    struct federation *f = &place->federation;
    struct writer ephemeral = federation_writer("ephemeral", &f->founder.kibbutz, ROLE_INVITATION);
    struct writer coordinator = federation_writer("coordinator", &f->founder.kibbutz, ROLE_COORDINATOR);
    struct id grant =
        federation_grant_invitation(f, &f->founder, &ephemeral.key.public, ROLE_COORDINATOR, &place->bundle);

    (void)federation_accept(f, &ephemeral, &grant, &coordinator, NULL, NULL, &place->bundle);
    take(place, BUNDLE_ENTRY);
    take(place, BUNDLE_CONTENT);
    assert_key(place, &coordinator.key.public, "שם");
}

/* As whoever shows the archive reads it.  Returns its number. */
static uint64_t read_written(const struct place *place, struct roster *roster)
{
    struct buffer file = BUFFER(MIB(1));
    struct index *index = NULL;
    char path[128];
    uint64_t number;

    (void)snprintf(path, sizeof path, "%s/" INDEX_FILE, place->home);
    assert_int_equal(index_open(path, false, &index, NULL), ERR_OK);
    assert_int_equal(index_roster(index, &number, &file), ERR_OK);
    assert_int_equal(roster_decode(roster, buffer_bytes(&file)), ERR_OK);
    index_close(index);
    buffer_free(&file);
    return number;
}

static void judge(struct place *place)
{
    assert_int_equal(archive_judge(place->archive, place->trust), ERR_OK);
}

static void offices_and_so_names_stand_in_the_index_once_judged(void **state)
{
    struct place *place = *state;
    struct federation *f = &place->federation;
    struct writer coordinator = federation_writer("coordinator", &f->founder.kibbutz, ROLE_COORDINATOR);
    struct roster written = {.keys = {.at = NULL}};
    char name[NAMES_SIZE];

    judge(place);
    uint64_t before = read_written(place, &written);
    assert_int_equal(roster_key(&written, &coordinator.key.public).status, TRUST_UNKNOWN);
    (void)federation_grant_coordinator(f, &f->founder, &coordinator.key.public, &place->bundle);
    take(place, BUNDLE_ENTRY);
    take(place, BUNDLE_CONTENT);
    judge(place);
    uint64_t number = read_written(place, &written);
    assert_true(number > before);
    assert_int_equal(roster_key(&written, &coordinator.key.public).status, TRUST_GOOD);

    struct names *names = names_new(place->archive, &written);
    assert_non_null(names);
    names_key(names, &coordinator.key.public, name);
    assert_string_equal(name, "שם");
    names_key(names, &f->founder.key.public, name);
    assert_string_equal(name, "דנה");
    names_kibbutz(names, &f->founder.kibbutz, name);
    assert_string_equal(name, "אלף");
    assert_true(bytes_equal(names_network(names), bytes_text("רשת")));
    names_free(names);

    judge(place); /* Nothing has changed: nothing is written. */
    assert_int_equal(read_written(place, &written), number);
    archive_close(place->archive);
    assert_int_equal(archive_open(place->home, ARCHIVE_WRITE, &place->archive), ERR_OK);
    judge(place); /* It is in step with what the index had. */
    assert_int_equal(read_written(place, &written), number);
    roster_free(&written);
}

/* As a reader beside the writer asks. */
static enum err read_roster(const struct place *place, struct roster *roster)
{
    struct frontier *heads = frontier_new();
    struct archive *reader = NULL;
    enum err err;

    assert_non_null(heads);
    assert_int_equal(archive_open(place->home, ARCHIVE_READ, &reader), ERR_OK);
    assert_int_equal(archive_load_frontier(reader, heads), ERR_OK);
    err = archive_read_roster(reader, heads, roster);
    archive_close(reader);
    frontier_free(heads);
    return err;
}

static void offices_are_read_only_where_they_follow_from_all_that_is_here(void **state)
{
    struct place *place = *state;
    struct federation *f = &place->federation;
    struct writer coordinator = federation_writer("coordinator", &f->founder.kibbutz, ROLE_COORDINATOR);
    struct roster roster = {.keys = {.at = NULL}};

    assert_int_equal(read_roster(place, &roster), ERR_MISSING); /* Nobody has judged. */
    judge(place);
    assert_int_equal(read_roster(place, &roster), ERR_OK);
    struct id root = trust_root(place->trust);
    assert_memory_equal(roster.root.at, root.at, ID_LEN);
    (void)federation_grant_coordinator(f, &f->founder, &coordinator.key.public, &place->bundle);
    take(place, BUNDLE_ENTRY);
    assert_int_equal(read_roster(place, &roster), ERR_MISSING); /* An entry is here that nobody has judged. */
    assert_int_equal(roster_key_count(&roster), 0);
    judge(place);
    assert_int_equal(read_roster(place, &roster), ERR_OK);
    assert_int_equal(roster_key(&roster, &coordinator.key.public).status, TRUST_GOOD);
    roster_free(&roster);
}

static void without_a_charter_nobody_has_a_name(void **state)
{
    struct place *place = *state;
    struct archive *other = NULL;
    char home[128];

    (void)snprintf(home, sizeof home, "%s/other", place->home);
    assert_int_equal(archive_create(home, &place->federation.network), ERR_OK);
    assert_int_equal(archive_open(home, ARCHIVE_WRITE, &other), ERR_OK);
    assert_null(names_new(other, &place->roster));
    archive_close(other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(founders_are_named_by_the_charter),
        TEST(strangers_are_named_by_their_last_digits),
        TEST(name_of_a_grant_counts_once_its_content_is_here),
        TEST(admitted_kibbutz_and_its_steward_bear_the_name_of_the_admission),
        TEST(newcomers_own_name_goes_before_the_inviters),
        TEST(steward_that_a_root_lists_keeps_the_name_of_the_hand_over),
        TEST(invited_coordinator_without_own_name_bears_the_inviters),
        TEST(offices_and_so_names_stand_in_the_index_once_judged),
        TEST(offices_are_read_only_where_they_follow_from_all_that_is_here),
        TEST(without_a_charter_nobody_has_a_name),
    };

    return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
