/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/markdown.h"

#include "node/hyperlink.h"
#include "node/quantity.h"

#include <cmark-gfm.h>
#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm-extension_api.h>
#include <assert.h>
#include <stdlib.h>

enum kind {
    KIND_NONE, /* Its children speak for themselves. */
    KIND_QUOTE,
    KIND_LIST,
    KIND_ITEM,
    KIND_CODE_BLOCK,
    KIND_HTML_BLOCK,
    KIND_PARAGRAPH,
    KIND_HEADING,
    KIND_RULE,
    KIND_TABLE,
    KIND_ROW,
    KIND_CELL,
    KIND_TEXT,
    KIND_SOFT_BREAK,
    KIND_BREAK,
    KIND_CODE,
    KIND_HTML,
    KIND_EMPHASIS,
    KIND_STRONG,
    KIND_STRUCK,
    KIND_LINK,
    KIND_IMAGE,
};

struct writer {
    struct page *page;
    const struct markdown_options *options;
    enum page_script around; /* The whole text's own script, or its place's. */
    int shift;               /* Added to the level of headings: the page's own heading is the first. */
    size_t depth;            /* Of nodes that have children ... */
    size_t picture;          /* ... and of the image we are in, or 0: there only text is written. */
};

static enum kind kind_of(cmark_node *node)
{
    /* Types of extensions are numbered at run time, so all are told by name. */
    static const struct {
        const char *name;
        enum kind kind;
    } kinds[] = {
        {"block_quote", KIND_QUOTE},
        {"list", KIND_LIST},
        {"item", KIND_ITEM},
        {"tasklist", KIND_ITEM},
        {"code_block", KIND_CODE_BLOCK},
        {"html_block", KIND_HTML_BLOCK},
        {"paragraph", KIND_PARAGRAPH},
        {"heading", KIND_HEADING},
        {"thematic_break", KIND_RULE},
        {"table", KIND_TABLE},
        {"table_row", KIND_ROW},
        {"table_header", KIND_ROW},
        {"table_cell", KIND_CELL},
        {"text", KIND_TEXT},
        {"softbreak", KIND_SOFT_BREAK},
        {"linebreak", KIND_BREAK},
        {"code", KIND_CODE},
        {"html_inline", KIND_HTML},
        {"emph", KIND_EMPHASIS},
        {"strong", KIND_STRONG},
        {"strikethrough", KIND_STRUCK},
        {"link", KIND_LINK},
        {"image", KIND_IMAGE},
    };
    const char *name = cmark_node_get_type_string(node);

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return kinds[i].kind;
    return KIND_NONE;
}

static struct bytes literal(cmark_node *node)
{
    const char *text = cmark_node_get_literal(node);

    return bytes_text(text != NULL ? text : "");
}

static struct bytes address_of(cmark_node *node)
{
    const char *url = cmark_node_get_url(node);

    return bytes_text(url != NULL ? url : "");
}

/* ---- addresses ---- */

static const struct markdown_file *own_file(const struct writer *w, struct bytes address)
{
    if (hyperlink_begins(address, "./"))
        address = bytes_from(address, 2);
    for (size_t i = 0; i < w->options->file_count; i++)
        if (hyperlink_names_file(address, w->options->files[i].name) || bytes_equal(address, w->options->files[i].name))
            return &w->options->files[i];
    return NULL;
}

static bool leads_somewhere(const struct writer *w, cmark_node *node)
{
    struct bytes address = address_of(node);

    return hyperlink_is_outside(address) || hyperlink_is_document(address) || own_file(w, address) != NULL;
}

/* A link whose text is an address itself. */
static bool is_bare(cmark_node *link)
{
    cmark_node *text = cmark_node_first_child(link);

    if (text == NULL || kind_of(text) != KIND_TEXT || cmark_node_next(text) != NULL)
        return false;
    return hyperlink_is_outside(literal(text)) || hyperlink_begins(literal(text), "www.") ||
           (hyperlink_begins(address_of(link), "mailto:") && strchr(cmark_node_get_literal(text), '@') != NULL);
}

/* ---- direction ---- */

static enum page_script script_of(cmark_node *node)
{
    return (enum page_script)(uintptr_t)cmark_node_get_user_data(node);
}

/* Counts letters upwards: each node with children gets the script that dominates in it. */
static void find_scripts(cmark_node *root)
{
    enum { LEVELS = 64 }; /* What nests deeper counts for the deepest of these. */
    struct page_letters letters[LEVELS + 1] = {{0}};
    cmark_iter *iter = cmark_iter_new(root);
    cmark_event_type event;
    size_t depth = 0;

    while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE) {
        cmark_node *node = cmark_iter_get_node(iter);
        size_t level = depth < LEVELS ? depth : LEVELS;

        if (cmark_node_first_child(node) == NULL) {
            cmark_node *above = cmark_node_parent(node);

            if (kind_of(node) == KIND_TEXT && !(kind_of(above) == KIND_LINK && is_bare(above)))
                page_count_letters(&letters[level], literal(node));
        } else if (event == CMARK_EVENT_ENTER) {
            depth++;
            if (depth <= LEVELS)
                letters[depth] = (struct page_letters){0};
        } else {
            cmark_node_set_user_data(node, (void *)(uintptr_t)page_dominant(&letters[level]));
            depth--;
            if (depth < LEVELS) {
                letters[depth].hebrew += letters[depth + 1].hebrew;
                letters[depth].arabic += letters[depth + 1].arabic;
                letters[depth].latin += letters[depth + 1].latin;
                letters[depth].other += letters[depth + 1].other;
            }
        }
    }
    cmark_iter_free(iter);
}

static void write_direction(struct writer *w, cmark_node *node)
{
    enum page_script around = PAGE_NO_SCRIPT;

    for (cmark_node *up = cmark_node_parent(node); up != NULL && cmark_node_parent(up) != NULL;
         up = cmark_node_parent(up))
        if ((around = script_of(up)) != PAGE_NO_SCRIPT)
            break;
    page_script_attributes(w->page, script_of(node), around != PAGE_NO_SCRIPT ? around : w->around);
}

/* ---- blocks ---- */

static void open_block(struct writer *w, cmark_node *node, const char *tag)
{
    page_html(w->page, "<");
    page_markup(w->page, tag);
    write_direction(w, node);
    page_html(w->page, ">");
}

static void close_block(struct writer *w, const char *tag)
{
    page_html(w->page, "</");
    page_markup(w->page, tag);
    page_html(w->page, ">\n");
}

static void write_block(struct writer *w, cmark_node *node, bool enter, const char *tag)
{
    if (enter)
        open_block(w, node, tag);
    else
        close_block(w, tag);
}

static void write_list(struct writer *w, cmark_node *node, bool enter)
{
    bool ordered = cmark_node_get_list_type(node) == CMARK_ORDERED_LIST;
    int start = cmark_node_get_list_start(node);

    if (!enter || !ordered || start <= 1) {
        write_block(w, node, enter, ordered ? "ol" : "ul");
        return;
    }
    page_html(w->page, "<ol start=\"");
    buffer_number(&w->page->out, (uint64_t)start);
    page_html(w->page, "\"");
    write_direction(w, node);
    page_html(w->page, ">");
}

static void write_item(struct writer *w, cmark_node *node, bool enter)
{
    if (!enter || strcmp(cmark_node_get_type_string(node), "tasklist") != 0) {
        write_block(w, node, enter, "li");
        return;
    }
    page_html(w->page, "<li class=\"task\"");
    write_direction(w, node);
    page_html(w->page, ">");
    page_markup(w->page, cmark_gfm_extensions_get_tasklist_item_checked(node) ? "☑ " : "☐ ");
}

/* A paragraph that begins with a bold "decided:" is what readers of minutes look for. */
static bool is_decision(cmark_node *paragraph)
{
    static const char *const words[] = {"הוחלט",   "לא הוחלט",    "החלטה",    "סוכם",
                                        "Decided", "Not decided", "Resolved", "Agreed"};
    cmark_node *strong = cmark_node_first_child(paragraph);
    cmark_node *text = strong != NULL && kind_of(strong) == KIND_STRONG ? cmark_node_first_child(strong) : NULL;

    if (text == NULL || kind_of(text) != KIND_TEXT)
        return false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        struct bytes rest = literal(text);
        size_t len = strlen(words[i]);

        if (rest.len >= len && memcmp(rest.at, words[i], len) == 0 &&
            (rest.len == len || rest.at[len] == ':' || rest.at[len] == '.' || rest.at[len] == ' '))
            return true;
    }
    return false;
}

static void write_paragraph(struct writer *w, cmark_node *node, bool enter)
{
    cmark_node *above = cmark_node_parent(cmark_node_parent(node));

    if (above != NULL && kind_of(above) == KIND_LIST && cmark_node_get_list_tight(above))
        return;
    if (!enter) {
        close_block(w, "p");
        return;
    }
    page_markup(w->page, is_decision(node) ? "<p class=\"decided\"" : "<p");
    write_direction(w, node);
    page_html(w->page, ">");
}

static void write_heading(struct writer *w, cmark_node *node, bool enter)
{
    static const char *const tags[] = {"h2", "h2", "h2", "h3", "h4", "h5", "h6"};
    int level = cmark_node_get_heading_level(node) + w->shift;

    write_block(w, node, enter, tags[level < 0 ? 0 : level > 6 ? 6 : level]);
}

static void write_code_block(struct writer *w, cmark_node *node)
{
    page_html(w->page, "<pre dir=\"ltr\"><code>");
    page_text(w->page, literal(node));
    page_html(w->page, "</code></pre>\n");
}

static void write_table(struct writer *w, cmark_node *node, bool enter)
{
    if (enter) {
        page_html(w->page, "<div class=\"sideways\" tabindex=\"0\">");
        open_block(w, node, "table");
        return;
    }
    if (!cmark_gfm_extensions_get_table_row_is_header(cmark_node_last_child(node)))
        page_html(w->page, "</tbody>");
    page_html(w->page, "</table></div>\n");
}

static void write_row(struct writer *w, cmark_node *node, bool enter)
{
    bool header = cmark_gfm_extensions_get_table_row_is_header(node) != 0;
    cmark_node *before = cmark_node_previous(node);

    if (enter && header)
        page_html(w->page, "<thead>");
    if (enter && !header && (before == NULL || cmark_gfm_extensions_get_table_row_is_header(before)))
        page_html(w->page, "<tbody>");
    page_markup(w->page, enter ? "<tr>" : "</tr>");
    if (!enter && header)
        page_html(w->page, "</thead>\n");
}

static void write_cell(struct writer *w, cmark_node *node, bool enter)
{
    bool header = cmark_gfm_extensions_get_table_row_is_header(cmark_node_parent(node)) != 0;

    write_block(w, node, enter, header ? "th" : "td");
}

/* ---- within a line ---- */

static void write_document_address(struct writer *w, struct bytes address)
{
    char path[ID_TEXT_LEN + 4];

    memcpy(path, address.at, ID_TEXT_LEN + 3);
    path[ID_TEXT_LEN + 3] = '\0';
    page_address(w->page, path);
}

static void write_link(struct writer *w, cmark_node *node, bool enter)
{
    struct bytes address = address_of(node);
    const struct markdown_file *file = own_file(w, address);
    bool bare = is_bare(node);

    if (!leads_somewhere(w, node))
        return;
    if (!enter) {
        page_markup(w->page, bare ? "</bdi></a>" : "</a>");
        return;
    }
    page_html(w->page, "<a href=\"");
    if (file != NULL)
        page_file_address(w->page, &w->options->entry, file->place, file->name);
    else if (hyperlink_is_document(address))
        write_document_address(w, address);
    else
        page_text(w->page, address);
    page_html(w->page, "\"");
    if (file == NULL && !hyperlink_is_document(address))
        page_html(w->page, " rel=\"noopener noreferrer\"");
    page_html(w->page, ">");
    if (bare)
        page_html(w->page, "<bdi dir=\"ltr\">");
}

/* What is not an own picture is only its description. */
static void write_image(struct writer *w, cmark_node *node, bool enter)
{
    const struct markdown_file *file = own_file(w, address_of(node));
    bool shown = file != NULL && file->picture;

    if (enter && shown) {
        page_html(w->page, "<img src=\"");
        page_file_address(w->page, &w->options->entry, file->place, file->name);
        page_html(w->page, "\" loading=\"lazy\" alt=\"");
    }
    if (!enter && shown)
        page_html(w->page, "\">");
}

static void write_code(struct writer *w, cmark_node *node)
{
    page_html(w->page, "<code dir=\"auto\">");
    page_text(w->page, literal(node));
    page_html(w->page, "</code>");
}

/* Within a picture's description there is only text. */
static void write_description(struct writer *w, cmark_node *node, bool enter)
{
    if (enter && cmark_node_get_literal(node) != NULL)
        page_text(w->page, literal(node));
    else if (enter && (kind_of(node) == KIND_SOFT_BREAK || kind_of(node) == KIND_BREAK))
        page_html(w->page, " ");
}

static void write_node(struct writer *w, cmark_node *node, bool enter)
{
    switch (kind_of(node)) {
    case KIND_NONE: break;
    case KIND_QUOTE: write_block(w, node, enter, "blockquote"); break;
    case KIND_LIST: write_list(w, node, enter); break;
    case KIND_ITEM: write_item(w, node, enter); break;
    case KIND_CODE_BLOCK:
    case KIND_HTML_BLOCK: write_code_block(w, node); break;
    case KIND_PARAGRAPH: write_paragraph(w, node, enter); break;
    case KIND_HEADING: write_heading(w, node, enter); break;
    case KIND_RULE: page_html(w->page, "<hr>\n"); break;
    case KIND_TABLE: write_table(w, node, enter); break;
    case KIND_ROW: write_row(w, node, enter); break;
    case KIND_CELL: write_cell(w, node, enter); break;
    case KIND_TEXT: quantity_write(w->page, literal(node)); break;
    case KIND_HTML: page_text(w->page, literal(node)); break;
    case KIND_SOFT_BREAK: page_html(w->page, "\n"); break;
    case KIND_BREAK: page_html(w->page, "<br>\n"); break;
    case KIND_CODE: write_code(w, node); break;
    case KIND_EMPHASIS: page_markup(w->page, enter ? "<em>" : "</em>"); break;
    case KIND_STRONG: page_markup(w->page, enter ? "<strong>" : "</strong>"); break;
    case KIND_STRUCK: page_markup(w->page, enter ? "<del>" : "</del>"); break;
    case KIND_LINK: write_link(w, node, enter); break;
    case KIND_IMAGE: write_image(w, node, enter); break;
    }
}

static bool is_leaf(cmark_node *node)
{
    enum kind kind = kind_of(node);

    return kind == KIND_TEXT || kind == KIND_HTML || kind == KIND_CODE || kind == KIND_SOFT_BREAK ||
           kind == KIND_BREAK || kind == KIND_CODE_BLOCK || kind == KIND_HTML_BLOCK || kind == KIND_RULE;
}

/* Whether it lies within the depth together with the parts it is made of: a list without items would hold bare text. */
static bool fits(const struct writer *w, enum kind kind)
{
    size_t parts = kind == KIND_TABLE ? 2 : kind == KIND_LIST || kind == KIND_ROW ? 1 : 0;

    return w->depth + parts <= MARKDOWN_DEPTH;
}

/* Writes one event; what lies too deep loses its markup, evenly at both ends. */
static void write_event(struct writer *w, cmark_node *node, bool enter)
{
    bool leaf = is_leaf(node);

    if (!leaf && enter)
        w->depth++;
    if (w->picture == 0 && w->depth > MARKDOWN_DEPTH && leaf)
        write_description(w, node, enter);
    else if (w->picture != 0 && !(w->picture == w->depth && !leaf))
        write_description(w, node, enter);
    else if (fits(w, kind_of(node))) {
        bool image = kind_of(node) == KIND_IMAGE;

        if (image && !enter)
            w->picture = 0;
        write_node(w, node, enter);
        if (image && enter)
            w->picture = w->depth;
    }
    if (!leaf && !enter)
        w->depth--;
}

/* ---- the whole ---- */

static void add_text(cmark_node *node, struct buffer *text)
{
    cmark_iter *iter = cmark_iter_new(node);
    cmark_event_type event;

    while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE)
        if (event == CMARK_EVENT_ENTER && cmark_node_get_literal(cmark_iter_get_node(iter)) != NULL)
            buffer_add(text, literal(cmark_iter_get_node(iter)));
    cmark_iter_free(iter);
}

static void drop_title(struct writer *w, cmark_node *root)
{
    cmark_node *first = cmark_node_first_child(root);
    struct buffer text = BUFFER(KIB(4));

    if (first != NULL && kind_of(first) == KIND_HEADING && cmark_node_get_heading_level(first) == 1) {
        add_text(first, &text);
        if (buffer_error(&text) == ERR_OK && bytes_equal(buffer_bytes(&text), w->options->title))
            cmark_node_free(first); /* Unlinks it. */
    }
    buffer_free(&text);
    for (cmark_node *node = cmark_node_first_child(root); node != NULL; node = cmark_node_next(node))
        if (kind_of(node) == KIND_HEADING && cmark_node_get_heading_level(node) == 1)
            w->shift = 1;
}

static cmark_node *parse(struct bytes text)
{
    static const char *const extensions[] = {"table", "strikethrough", "tasklist", "autolink"};
    cmark_parser *parser;
    cmark_node *root;

    cmark_gfm_core_extensions_ensure_registered();
    parser = cmark_parser_new(CMARK_OPT_DEFAULT | CMARK_OPT_VALIDATE_UTF8);
    for (size_t i = 0; i < sizeof extensions / sizeof extensions[0]; i++) {
        cmark_syntax_extension *extension = cmark_find_syntax_extension(extensions[i]);

        assert(extension != NULL);
        cmark_parser_attach_syntax_extension(parser, extension);
    }
    if (text.len > 0)
        cmark_parser_feed(parser, (const char *)text.at, text.len);
    root = cmark_parser_finish(parser);
    cmark_parser_free(parser);
    return root;
}

static void open_frame(struct writer *w, enum page_script script)
{
    if (w->options->class == NULL)
        return;
    w->around = script != PAGE_NO_SCRIPT ? script : page_language_script(w->page);
    page_html(w->page, "<div class=\"");
    page_markup(w->page, w->options->class);
    page_html(w->page, "\"");
    page_script_attributes(w->page, w->around, PAGE_NO_SCRIPT);
    page_html(w->page, ">\n");
}

static void write_plain(struct writer *w, struct bytes text)
{
    struct page_letters letters = {0};

    page_count_letters(&letters, text);
    open_frame(w, page_dominant(&letters));
    markdown_write_plain(w->page, text);
}

static void write_tree(struct writer *w, cmark_node *root)
{
    cmark_iter *iter = cmark_iter_new(root);
    cmark_event_type event;

    open_frame(w, script_of(root));
    while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE)
        write_event(w, cmark_iter_get_node(iter), event == CMARK_EVENT_ENTER);
    cmark_iter_free(iter);
}

void markdown_write(struct page *page, struct bytes text, const struct markdown_options *options)
{
    struct writer w = {.page = page, .options = options, .around = options->around};

    if (markdown_is_plain(text)) {
        write_plain(&w, text);
    } else {
        cmark_node *root = parse(text);

        drop_title(&w, root);
        find_scripts(root);
        write_tree(&w, root);
        cmark_node_free(root);
    }
    if (options->class != NULL)
        page_html(page, "</div>\n");
}
