/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/front_matter.h"

#include "proto/text.h"
#include "store/plain_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

static const char *const KINDS[] = {
    [DOCUMENT_NOTICE] = "notice",
    [DOCUMENT_MINUTES] = "minutes",
    [DOCUMENT_DECISION] = "decision",
    [DOCUMENT_KNOWLEDGE] = "knowledge",
};
#define KIND_COUNT (sizeof KINDS / sizeof KINDS[0])

const char *document_kind_name(enum document_kind kind)
{
    return KINDS[kind];
}

enum err document_kind_from_name(struct bytes name, enum document_kind *kind)
{
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (bytes_equal(name, bytes_text(KINDS[i]))) {
            *kind = (enum document_kind)i;
            return ERR_OK;
        }
    return ERR_MISSING;
}

struct reader {
    yaml_parser_t parser;
    yaml_event_t event; /* The one at hand. */
    bool has_event;
    struct front_matter *front;
    size_t line;                    /* In the file, of the first line of YAML. */
    struct document_reason *reason; /* NULL: a value that is not in order counts as not said. */
    unsigned seen;                  /* A bit for each field. */
};

/* ---- failures ---- */

__attribute__((format(printf, 3, 4))) static enum err fail(struct reader *r, size_t yaml_line, const char *format, ...)
{
    va_list values;

    if (!r->reason)
        return ERR_FORMAT;
    char *text = r->reason->text;
    size_t size = sizeof r->reason->text;
    int len = snprintf(text, size, "line %zu: ", r->line + yaml_line);
    va_start(values, format);
    (void)vsnprintf(text + len, size - (size_t)len, format, values);
    va_end(values);
    return ERR_FORMAT;
}

/* A value that is not in order: an error for whom publishes, nothing for whom reads. */
#define FAIL_VALUE(r, ...) ((r)->reason ? fail((r), (r)->event.start_mark.line, __VA_ARGS__) : ERR_OK)

/* ---- events ---- */

static void drop_event(struct reader *r)
{
    if (r->has_event)
        yaml_event_delete(&r->event);
    r->has_event = false;
}

static bool is(const struct reader *r, yaml_event_type_t type)
{
    return r->event.type == type;
}

static bool begins_collection(const struct reader *r)
{
    return is(r, YAML_MAPPING_START_EVENT) || is(r, YAML_SEQUENCE_START_EVENT);
}

static bool ends_collection(const struct reader *r)
{
    return is(r, YAML_MAPPING_END_EVENT) || is(r, YAML_SEQUENCE_END_EVENT);
}

/* What YAML can do beyond plain data: names for parts, and types. */
static bool has_extras(const struct reader *r)
{
    const yaml_event_t *e = &r->event;

    if (is(r, YAML_SCALAR_EVENT))
        return e->data.scalar.anchor || e->data.scalar.tag;
    if (is(r, YAML_SEQUENCE_START_EVENT))
        return e->data.sequence_start.anchor || e->data.sequence_start.tag;
    if (is(r, YAML_MAPPING_START_EVENT))
        return e->data.mapping_start.anchor || e->data.mapping_start.tag;
    if (is(r, YAML_DOCUMENT_START_EVENT))
        return e->data.document_start.version_directive ||
               e->data.document_start.tag_directives.start != e->data.document_start.tag_directives.end;
    return is(r, YAML_ALIAS_EVENT);
}

static enum err next(struct reader *r)
{
    drop_event(r);
    if (!yaml_parser_parse(&r->parser, &r->event)) {
        if (r->parser.error == YAML_MEMORY_ERROR)
            return ERR_MEMORY;
        return fail(r, r->parser.problem_mark.line,
                    "%s; write 'name: value' and put a value that holds ':', '#' or quotes between quotes",
                    r->parser.problem ? r->parser.problem : "this is no front matter");
    }
    r->has_event = true;
    if (has_extras(r))
        return fail(r, r->event.start_mark.line,
                    "'&', '*', '!' and '%%' do more in front matter than is allowed here; "
                    "put a value that begins so between quotes");
    return ERR_OK;
}

/* Goes to the end of the value at hand, which is at `depth` collections. */
static enum err skip(struct reader *r, size_t depth)
{
    size_t inside = depth;
    enum err err = ERR_OK;

    do {
        if (begins_collection(r) && ++inside > FRONT_MATTER_DEPTH_MAX)
            return fail(r, r->event.start_mark.line, "the front matter is nested too deep");
        if (ends_collection(r))
            inside--;
    } while (inside > depth && !(err = next(r)));
    return err;
}

/* ---- values ---- */

static enum err keep(struct reader *r, struct bytes text, struct bytes *kept)
{
    struct front_matter *front = r->front;

    if (text.len >= front->strings_size - front->strings_len)
        return fail(r, r->event.start_mark.line, "the front matter is too long");
    char *at = front->strings + front->strings_len;
    if (text.len > 0)
        memcpy(at, text.at, text.len);
    at[text.len] = '\0';
    front->strings_len += text.len + 1;
    *kept = bytes_of(at, text.len);
    return ERR_OK;
}

/* Cleans and keeps one line of text. */
static enum err keep_line(struct reader *r, struct bytes text, struct bytes *kept)
{
    struct buffer clean = BUFFER(FRONT_MATTER_LINE_MAX);
    enum err err;

    plain_text_clean(text, &clean);
    err = buffer_error(&clean);
    if (err == ERR_LIMIT)
        err = FAIL_VALUE(r, "this value is longer than %d bytes", FRONT_MATTER_LINE_MAX);
    else if (!err)
        err = keep(r, buffer_bytes(&clean), kept);
    buffer_free(&clean);
    return err;
}

/* The text of the scalar at hand; YAML's words for nothing are nothing. */
static struct bytes scalar(const struct reader *r)
{
    struct bytes text = bytes_of(r->event.data.scalar.value, r->event.data.scalar.length);
    bool plain = r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;

    return plain && (bytes_equal(text, bytes_text("~")) || bytes_equal(text, bytes_text("null"))) ? bytes_of("", 0)
                                                                                                  : text;
}

static enum err read_line(struct reader *r, size_t depth, struct bytes *line)
{
    if (is(r, YAML_SCALAR_EVENT))
        return keep_line(r, scalar(r), line);
    enum err err = FAIL_VALUE(r, "one value is expected here, not a list");
    return err ? err : skip(r, depth);
}

static enum err add_item(struct reader *r, struct bytes text, size_t limit, struct front_matter_list *list)
{
    if (!list->items && !(list->items = calloc(FRONT_MATTER_LIST_MAX, sizeof list->items[0])))
        return ERR_MEMORY;
    if (list->count == limit)
        return FAIL_VALUE(r, "this list has more than %zu items", limit);
    struct bytes *item = &list->items[list->count];
    *item = bytes_of("", 0);
    enum err err = keep_line(r, text, item);
    if (!err && item->len > 0)
        list->count++;
    return err;
}

/* A list, or one line with commas. */
static enum err read_list(struct reader *r, size_t depth, size_t limit, struct front_matter_list *list)
{
    enum err err = ERR_OK;

    if (is(r, YAML_SCALAR_EVENT)) {
        struct bytes rest = scalar(r), item;

        while (!err && text_take(&rest, ',', &item))
            err = add_item(r, item, limit, list);
        return err ? err : add_item(r, rest, limit, list);
    }
    if (!is(r, YAML_SEQUENCE_START_EVENT)) {
        err = FAIL_VALUE(r, "a list is expected here");
        return err ? err : skip(r, depth);
    }
    while (!(err = next(r)) && !is(r, YAML_SEQUENCE_END_EVENT)) {
        if (is(r, YAML_SCALAR_EVENT))
            err = add_item(r, scalar(r), limit, list);
        else if (!(err = FAIL_VALUE(r, "an item of this list is one value")))
            err = skip(r, depth + 1);
        if (err)
            return err;
    }
    return err;
}

static bool take_digits(struct bytes *rest, size_t least, size_t most, unsigned *number)
{
    size_t count = 0;

    *number = 0;
    while (count < most && count < rest->len && rest->at[count] >= '0' && rest->at[count] <= '9')
        *number = *number * 10 + (unsigned)(rest->at[count++] - '0');
    *rest = bytes_from(*rest, count);
    return count >= least;
}

static bool take_either(struct bytes *rest, const char *a, const char *b)
{
    return text_take_prefix(rest, a) || text_take_prefix(rest, b);
}

static bool is_day(unsigned year, unsigned month, unsigned day)
{
    static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] + (month == 2 && leap);
}

bool front_matter_date(struct bytes text, char date[11])
{
    struct bytes iso = text, common = text;
    unsigned year, month, day;

    if (take_digits(&iso, 4, 4, &year) && text_take_prefix(&iso, "-") && take_digits(&iso, 2, 2, &month) &&
        text_take_prefix(&iso, "-") && take_digits(&iso, 2, 2, &day)) {
        if (iso.len > 0)
            return false;
    } else if (!take_digits(&common, 1, 2, &day) || !take_either(&common, ".", "/") ||
               !take_digits(&common, 1, 2, &month) || !take_either(&common, ".", "/") ||
               !take_digits(&common, 4, 4, &year) || common.len > 0) {
        return false;
    }
    if (!is_day(year, month, day))
        return false;
    (void)snprintf(date, 11, "%04u-%02u-%02u", year % 10000, month % 100, day % 100);
    return true;
}

static enum err read_date(struct reader *r, size_t depth, struct bytes *kept)
{
    struct bytes line = bytes_of("", 0);
    char date[11];
    enum err err = read_line(r, depth, &line);

    if (err || line.len == 0)
        return err;
    if (!front_matter_date(line, date))
        return FAIL_VALUE(r, "'%s' is no date; write it like 2018-05-01 or 1.5.2018", (const char *)line.at);
    return keep(r, bytes_text(date), kept);
}

static enum err read_kind(struct reader *r)
{
    struct bytes line = bytes_of("", 0);
    enum err err = read_line(r, 1, &line);

    if (!err && line.len > 0 && document_kind_from_name(line, &r->front->kind))
        return FAIL_VALUE(r, "'%s' is no kind; write minutes, decision, knowledge or notice", (const char *)line.at);
    return err;
}

static enum err read_language(struct reader *r)
{
    struct bytes line = bytes_of("", 0);
    enum err err = read_line(r, 1, &line);
    bool good = line.len <= 16;

    for (size_t i = 0; i < line.len; i++)
        good = good && ((line.at[i] | 0x20) >= 'a' ? (line.at[i] | 0x20) <= 'z' : line.at[i] == '-');
    if (!err && !good)
        return FAIL_VALUE(r, "'%s' is no language; write a code like he, en or ar", (const char *)line.at);
    if (!err)
        r->front->language = line;
    return err;
}

static enum err read_approval_count(struct reader *r, size_t depth)
{
    struct bytes line = bytes_of("", 0);
    uint64_t number = 0;
    enum err err = read_line(r, depth, &line);

    if (err || line.len == 0)
        return err;
    if (!text_to_number(line, &number) || number < 1 || number > LIMIT_LINES)
        return FAIL_VALUE(r, "'%s' is no number of approvals; write 1 to %d", (const char *)line.at, LIMIT_LINES);
    r->front->approvals = number;
    return ERR_OK;
}

static enum err read_approval_source(struct reader *r)
{
    struct bytes line = bytes_of("", 0);
    enum err err = read_line(r, 2, &line);

    if (err || line.len == 0)
        return err;
    r->front->approvals_are_own = bytes_equal(line, bytes_text("own"));
    if (!r->front->approvals_are_own && !bytes_equal(line, bytes_text("kibbutzim")))
        return FAIL_VALUE(r, "'%s' says not whose approvals count; write own or kibbutzim", (const char *)line.at);
    return ERR_OK;
}

/* A number, of different kibbutzim; or {count: 2, of: own}. */
static enum err read_approvals(struct reader *r)
{
    enum err err;

    if (!is(r, YAML_MAPPING_START_EVENT))
        return read_approval_count(r, 1);
    while (!(err = next(r)) && !is(r, YAML_MAPPING_END_EVENT)) {
        if (!is(r, YAML_SCALAR_EVENT))
            return fail(r, r->event.start_mark.line, "a name is expected here, as in 'count: 2'");
        bool count = bytes_equal(scalar(r), bytes_text("count")), source = bytes_equal(scalar(r), bytes_text("of"));
        if ((err = next(r)) || (err = count    ? read_approval_count(r, 2)
                                      : source ? read_approval_source(r)
                                               : skip(r, 2)))
            return err;
    }
    return err;
}

static enum err read_contact_line(struct reader *r, struct front_matter_contact *contact)
{
    struct bytes key = scalar(r), *line = NULL;
    bool date = bytes_equal(key, bytes_text("confirmed"));

    if (bytes_equal(key, bytes_text("name")))
        line = &contact->name;
    else if (bytes_equal(key, bytes_text("phone")))
        line = &contact->phone;
    else if (bytes_equal(key, bytes_text("role")))
        line = &contact->role;
    else if (bytes_equal(key, bytes_text("kibbutz")))
        line = &contact->kibbutz;
    enum err err = next(r);
    if (err)
        return err;
    return date ? read_date(r, 3, &contact->confirmed) : line ? read_line(r, 3, line) : skip(r, 3);
}

static enum err read_contact(struct reader *r)
{
    struct bytes nothing = bytes_of("", 0);
    struct front_matter_contact contact = {nothing, nothing, nothing, nothing, nothing};
    struct front_matter *front = r->front;
    enum err err = ERR_OK;

    if (is(r, YAML_SCALAR_EVENT)) {
        err = read_line(r, 2, &contact.name);
    } else if (is(r, YAML_MAPPING_START_EVENT)) {
        while (!(err = next(r)) && !is(r, YAML_MAPPING_END_EVENT))
            if ((err = is(r, YAML_SCALAR_EVENT) ? read_contact_line(r, &contact)
                                                : fail(r, r->event.start_mark.line, "a name is expected here")))
                return err;
    } else if (!(err = FAIL_VALUE(r, "a contact is written as name, phone, role, kibbutz, confirmed"))) {
        err = skip(r, 2);
    }
    if (err || (contact.name.len == 0 && contact.phone.len == 0))
        return err;
    if (front->contact_count == FRONT_MATTER_CONTACTS_MAX)
        return FAIL_VALUE(r, "there are more than %d contacts", FRONT_MATTER_CONTACTS_MAX);
    if (!front->contacts && !(front->contacts = calloc(FRONT_MATTER_CONTACTS_MAX, sizeof front->contacts[0])))
        return ERR_MEMORY;
    front->contacts[front->contact_count++] = contact;
    return ERR_OK;
}

static enum err read_contacts(struct reader *r)
{
    enum err err;

    if (!is(r, YAML_SEQUENCE_START_EVENT)) {
        if (is(r, YAML_SCALAR_EVENT) && scalar(r).len == 0)
            return ERR_OK;
        return read_contact(r);
    }
    while (!(err = next(r)) && !is(r, YAML_SEQUENCE_END_EVENT))
        if ((err = read_contact(r)))
            return err;
    return err;
}

/* ---- the mapping ---- */

enum field {
    TITLE,
    KIND,
    BODY,
    NUMBER,
    DATE,
    LANGUAGE,
    PRESENT,
    ABSENT,
    TOPICS,
    CONTACTS,
    APPROVALS,
    SUPERSEDES,
    UNKNOWN
};

static const char *const FIELDS[UNKNOWN] = {
    [TITLE] = "title",   [KIND] = "kind",         [BODY] = "body",           [NUMBER] = "number",
    [DATE] = "date",     [LANGUAGE] = "language", [PRESENT] = "present",     [ABSENT] = "absent",
    [TOPICS] = "topics", [CONTACTS] = "contacts", [APPROVALS] = "approvals", [SUPERSEDES] = "supersedes",
};

static enum field field_of(struct bytes name)
{
    size_t field = 0;

    while (field < UNKNOWN && !bytes_equal(name, bytes_text(FIELDS[field])))
        field++;
    return (enum field)field;
}

static enum err read_field(struct reader *r, enum field field)
{
    struct front_matter *front = r->front;

    switch (field) {
    case TITLE: return read_line(r, 1, &front->title);
    case KIND: return read_kind(r);
    case BODY: return read_line(r, 1, &front->body);
    case NUMBER: return read_line(r, 1, &front->number);
    case DATE: return read_date(r, 1, &front->date);
    case LANGUAGE: return read_language(r);
    case PRESENT: return read_list(r, 1, FRONT_MATTER_LIST_MAX, &front->present);
    case ABSENT: return read_list(r, 1, FRONT_MATTER_LIST_MAX, &front->absent);
    case TOPICS: return read_list(r, 1, FRONT_MATTER_LIST_MAX, &front->topics);
    case CONTACTS: return read_contacts(r);
    case APPROVALS: return read_approvals(r);
    case SUPERSEDES: return read_list(r, 1, LIMIT_SUPERSEDES, &front->supersedes);
    case UNKNOWN: break;
    }
    return skip(r, 1);
}

static enum err read_mapping(struct reader *r)
{
    enum err err;

    while (!(err = next(r)) && !is(r, YAML_MAPPING_END_EVENT)) {
        if (!is(r, YAML_SCALAR_EVENT))
            return fail(r, r->event.start_mark.line, "a name is expected here, as in 'title: ...'");
        enum field field = field_of(scalar(r));
        if (field != UNKNOWN && r->seen & 1u << field)
            return fail(r, r->event.start_mark.line, "'%s' stands here twice; leave one", FIELDS[field]);
        r->seen |= 1u << field;
        if ((err = next(r)) || (err = read_field(r, field)))
            return err;
    }
    return err;
}

static enum err read_stream(struct reader *r)
{
    enum err err;

    if ((err = next(r)) || (err = next(r)))
        return err;
    if (is(r, YAML_STREAM_END_EVENT))
        return ERR_OK;
    if ((err = next(r)))
        return err;
    if (is(r, YAML_MAPPING_START_EVENT))
        err = read_mapping(r);
    else if (!is(r, YAML_SCALAR_EVENT) || scalar(r).len > 0)
        err = fail(r, r->event.start_mark.line, "front matter is written in lines of 'name: value'");
    if (err || (err = next(r)) || (err = next(r)))
        return err;
    return is(r, YAML_STREAM_END_EVENT) ? ERR_OK
                                        : fail(r, r->event.start_mark.line, "the front matter ends before this line");
}

void front_matter_empty(struct front_matter *front)
{
    struct bytes nothing = bytes_of("", 0);

    *front = (struct front_matter){
        .title = nothing, .body = nothing, .number = nothing, .date = nothing, .language = nothing};
}

void front_matter_free(struct front_matter *front)
{
    free(front->present.items);
    free(front->absent.items);
    free(front->topics.items);
    free(front->supersedes.items);
    free(front->contacts);
    free(front->strings);
    front_matter_empty(front);
}

enum err front_matter_read(struct bytes yaml, size_t line, struct front_matter *front, struct document_reason *reason)
{
    struct reader r = {.front = front, .line = line, .reason = reason};
    enum err err = ERR_MEMORY;

    front_matter_empty(front);
    if (yaml.len > FRONT_MATTER_SIZE_MAX) {
        (void)fail(&r, 0, "the front matter is longer than %zu bytes", FRONT_MATTER_SIZE_MAX);
        return ERR_LIMIT;
    }
    /* An escape of two characters may stand for three bytes; a date is rewritten; each text has its NUL. */
    front->strings_size = yaml.len * 4 + 16;
    front->strings = malloc(front->strings_size);
    if (!front->strings || !yaml_parser_initialize(&r.parser))
        goto out;
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, yaml.len ? yaml.at : (const uint8_t *)"", yaml.len);
    err = read_stream(&r);
    drop_event(&r);
    yaml_parser_delete(&r.parser);
out:
    if (err)
        front_matter_free(front);
    return err;
}
