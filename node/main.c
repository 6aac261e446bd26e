/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* The table of verbs, the global flags, and nothing else. */

#include <locale.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/arguments.h"
#include "node/command.h"
#include "node/output.h"
#include "node/i18n.h"

static const struct command commands[] = {
    {"found", cmd_found, "found --network NAME --kibbutz NAME --steward NAME", N_("start a network"), NULL},
    {"invite", cmd_invite,
     "invite --kibbutz NAME | --coordinator NAME | --node NAME [--address HOST:PORT]\ninvite --list\n"
     "invite --withdraw GRANT|NAME [--yes]",
     N_("print an invitation"), NULL},
    {"join", cmd_join, "join INVITATION [--name NAME] [--bundle FILE]...",
     N_("become that kibbutz, coordinator or node"),
     N_("An office without a line joins by a stick: --bundle names the files that 'igum export --bundle' wrote there, "
        "and 'igum "
        "export --bundle' writes here what has to go back.")},
    {"publish", cmd_publish,
     "publish FILE... [--attach FILE]... [--audience kibbutz|network|public] [--kind K] [--title T] "
     "[--wait N|all [--timeout SECONDS]]",
     N_("sign and publish documents"),
     N_("What is printed is durable here. With --wait it then looks, as 'igum whereis' does, until so many kibbutzim "
        "have each document, a minute at most unless --timeout says otherwise. Exit code 3: something was not "
        "published, or has not "
        "reached so many.")},
    {"revise", cmd_revise,
     "revise DOCUMENT FILE [--attach FILE]... [--detach NAME]... [--audience kibbutz|network|public] [--kind K] "
     "[--title T]",
     N_("publish a new revision"),
     N_("Any steward or coordinator of the document's kibbutz may; everybody sees who did. A revision starts without "
        "approvals but its writer's, needs no fewer than the one it follows, and keeps its audience unless --audience "
        "says another. What was revised in two offices at once is joined by the next revision. Attachments go on, "
        "unless "
        "--detach names them or --attach brings another of the same name.")},
    {"approve", cmd_approve, "approve DOCUMENT [--revision R] [--yes]", N_("approve the current revision"),
     N_("Shows the revision and what changed since the one you approved last, and asks before it signs. An approval "
        "names this one revision: the next starts anew.")},
    {"withdraw", cmd_withdraw, "withdraw DOCUMENT --reason TEXT", N_("take a document out of force"),
     N_("It stays to be read, under a banner with the reason. It cannot be taken back.")},
    {"erase", cmd_erase, "erase DOCUMENT --reason TEXT [--yes]", N_("remove a document's text everywhere"),
     N_("For privacy; by its author or a steward of its kibbutz. Text and attachments go from every node that hears of "
        "it; the "
        "entries and the reason remain, and every chain still verifies. It does not reach paper, saved copies, backups "
        "and nodes that left.")},
    {"republish", cmd_republish, "republish DOCUMENT\nrepublish --void-of KEY [--yes]",
     N_("publish again what a revocation cut off"),
     N_("For honest work that is void because its key was retired or stolen: the same text, byte for byte, under the "
        "key of another steward or coordinator of the same kibbutz. A void document becomes a new one that supersedes "
        "it; a void revision becomes the next one. Approvals are not carried over.")},
    {"why", cmd_why, "why DOCUMENT", N_("tell on what a document rests"),
     N_("Prints the chain of authority from the charter to the revision, one line a link. Exit code 20: it does not "
        "stand, and the first link that fails is named.")},
    {"list", cmd_list,
     "list [--kind K] [--kibbutz NAME] [--body NAME] [--year Y] [--state S] [--author NAME] [--since DAY] [--limit N]",
     N_("list the documents, newest first by their own dates"),
     N_("--since takes a day, as 2026-11-17, or a time, as 2026-11-17T08:00:00Z: what was signed from then on.")},
    {"decisions", cmd_decisions, "decisions [--state S] [--kibbutz NAME] [--body NAME] [--topic TOPIC] [--limit N]",
     N_("list the decisions, from documents and from minutes"),
     N_("What minutes say was decided counts as long as the minutes do. --state 'in force' lists what is in force "
        "today.")},
    {"people", cmd_people, "people [WORDS] [--topic TOPIC]",
     N_("list whom documents name to be asked, with their phones"),
     N_("WORDS are a part of a name, a role or a kibbutz. Who was confirmed last comes first.")},
    {"diff", cmd_diff, "diff DOCUMENT [REVISION REVISION]",
     N_("print what changed between two revisions, sentence by sentence"),
     N_("Without revisions: between the last two.")},
    {"show", cmd_show, "show DOCUMENT [--revision R] [--raw | --html]", N_("print a document, and what became of it"),
     N_("--raw prints the file as it was signed, --html its page in the reader. On a terminal the program in "
        "IGUM_PAGER "
        "or PAGER shows it.")},
    {"search", cmd_search,
     "search WORDS... [--kind K] [--kibbutz NAME] [--body NAME] [--year Y] [--person NAME] [--state S] [--limit N] "
     "[--offset N]\nsearch --words",
     N_("find documents by words"),
     N_("All words are looked for, in all their forms: in titles first, then as they were typed, then in other forms; "
        "the newest "
        "first. \"In quotation marks\" words must follow one another, and -this one must not be there. Nothing that is "
        "typed "
        "is wrong. --words prints the list of words that mean the same, and where to add to it.")},
    {"log", cmd_log, "log [--limit N]", N_("print the entries of all logs, newest first"), NULL},
    {"whereis", cmd_whereis, "whereis DOCUMENT [--wait N|all [--timeout SECONDS]]",
     N_("say which kibbutzim have a document, and who is missing"),
     N_("By the receipts that nodes sign of what they hold. A receipt says that a node keeps the document, not that "
        "anybody has read it. With --wait it looks until so many kibbutzim have it, a minute at most unless --timeout "
        "says otherwise. Exit code 3: it has not reached so many.")},
    {"fetch", cmd_fetch, "fetch DOCUMENT [--timeout SECONDS]",
     N_("fetch the attachments of a document from the other nodes"),
     N_("For a node that fetches attachments on demand (attachments = on-demand in igum.conf); on others they come by "
        "themselves. The running node asks for them, and this waits until they are here, ten minutes at most unless "
        "--timeout says otherwise. Exit code 3: not all have come yet.")},
    {"status", cmd_status, "status", N_("say what this node holds and whom it hears"), NULL},
    {"verify", cmd_verify, "verify [DOCUMENT]", N_("check every signature and every content"), NULL},
    {"signers", cmd_signers, "signers", N_("print the allowed_signers file for stock git"), NULL},
    {"serve", cmd_serve, "serve [--listen ADDR:PORT] [--http ADDR:PORT] [--no-http] [--no-discovery] [--ready-fd FD]",
     N_("run the node"),
     N_("Listens for peers (port 8610) and runs the web reader (port 8611), until it is told to stop. It finds the "
        "nodes of its network on the local network, and those that told their address in the archive; the "
        "configuration's 'advertise' lines say what it tells of itself. On standard output stand the addresses, then "
        "the line 'ready'; the log is on standard error.")},
    {"export", cmd_export,
     "export --bundle FILE [--for KIBBUTZ] [--part BYTES]\nexport --site DIRECTORY [--lang he|en] [--restricted]\n"
     "export --folder DIRECTORY [--restricted]",
     N_("write what another office lacks, for a stick; or a copy for people to read"),
     N_("--bundle writes entries and contents as FILE, and FILE.002, FILE.003 and so on where it is larger than a "
        "stick's file "
        "system takes, with a page beside it that tells what to do. With --for, what is only for that kibbutz is in "
        "it; else nothing that is only for one. --site writes the reader's pages as files: index.html in it opens in "
        "any "
        "browser, without Igum and without a network; only searching there needs JavaScript. --folder writes the "
        "documents as they were signed, and their attachments, in folders by kibbutz, body and year. What is only for "
        "the own kibbutz is in these copies with --restricted alone. The directory appears whole or not at all.")},
    {"import", cmd_import, "import FILE...", N_("take in what a stick brings"),
     N_("Every signature is checked as for what comes over a line; what is here already is passed over, so an import "
        "that was cut off may be done again. Of a damaged file all that is whole is taken in. Exit code 3: something "
        "was damaged, cut off or left out.")},
    {"sync", cmd_sync, "sync [PEER] [--timeout SECONDS]", N_("become equal with the peers, once"),
     N_("It gives up when hardly anything came for 30 seconds, or as many as --timeout says.")},
    {"peer", cmd_peer, "peer add CHANNELKEY@HOST:PORT\npeer remove PEER\npeer list", N_("say whom this node calls"),
     N_("A peer that is removed is called no more, and if it is a node of the network, not let in either, until it is "
        "added again; "
        "the archive still comes by way of others. The list says for each why it is not connected, and who has to "
        "act.")},
    {"council", cmd_council,
     "council show\n"
     "council propose [--give-vote KIBBUTZ]... [--close KIBBUTZ]... [--steward KIBBUTZ=KEY]... [--card "
     "KIBBUTZ=CARD]...\n"
     "council propose --take-vote KIBBUTZ --steward KIBBUTZ=KEY [--pin SEQ]\n"
     "council propose --majority N | --admission N\n"
     "council approve PROPOSAL|ADMISSION [--yes]\n"
     "council anchor ROOT [--yes]",
     N_("say who votes, propose changes and approve them"),
     N_("What is proposed takes effect when a majority of the kibbutzim that vote has approved it, one vote a "
        "kibbutz.")},
    {"grant", cmd_grant, "grant --coordinator NAME --key KEY\ngrant --node NAME --key KEY --channel KEY",
     N_("give a key a place in the own kibbutz"), NULL},
    {"revoke", cmd_revoke, "revoke WHO [--retire | --compromise] [--after SEQ|ENTRY] [--reason TEXT] [--yes]",
     N_("end the key of a coordinator or node"),
     N_("What the key signed up to the last entry known here stands, or up to the one that --after names.")},
    {"key", cmd_key,
     "key list\nkey export NAME\nkey passwd NAME\nkey new --steward | --coordinator\nkey recover [--card FILE] "
     "[--yes]\n"
     "key rotate",
     N_("look after the keys of this office"),
     N_("'recover' makes a new steward key by the recovery card; 'rotate' changes the node's channel key.")},
    {"fork", cmd_fork, "fork show [KEY]\nfork export KEY --out FILE\nfork import FILE",
     N_("show who signed two entries for one place, and the proof"),
     N_("A fork is seen by everybody in the end. It is mostly an accident: a home that was copied. Until it is "
        "settled, what "
        "the key signed from the fork on is readable, marked, and counts for nothing.")},
    {"home", cmd_home, "home show\nhome confirm [--yes] [--unasked]", N_("say where this home signs"),
     N_("A home that was copied, put back from a backup or moved to another machine signs nothing until 'igum home "
        "confirm' is said in it: one key that signs in two places forks its log.")},
    {"reader", cmd_reader, "reader [--http ADDR:PORT]", NULL, NULL}, /* `igum serve` starts it. */
};
#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static char default_home[4096];

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static void print_commands(void)
{
    output_line(_("igum: a shared archive for kibbutz offices\n"));
    output_line("\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (commands[i].summary != NULL)
            output_line("  igum %-10s %s\n", commands[i].name, _(commands[i].summary));
    output_line("\n");
    output_line(_("Every verb takes --home DIR, --json, --quiet and --as NAME; 'igum VERB --help' tells more.\n"));
}

static void print_help(const struct command *command)
{
    const char *usage = command->usage;

    while (*usage != '\0') {
        size_t len = strcspn(usage, "\n");

        output_line("igum %.*s\n", (int)len, usage);
        usage += len + (usage[len] == '\n');
    }
    output_line("\n");
    if (command->summary != NULL)
        output_line("%s\n", _(command->summary));
    if (command->help != NULL) {
        const char *help = _(command->help);

        output_line("\n");
        while (*help != '\0') {
            size_t len = strcspn(help, "\n");

            output_line("%.*s\n", (int)len, help);
            help += len + (help[len] == '\n');
        }
    }
}

static int refuse_verb(const char *name)
{
    const char *names[COMMAND_COUNT];
    const char *nearest;

    for (size_t i = 0; i < COMMAND_COUNT; i++)
        names[i] = commands[i].name;
    nearest = arguments_nearest(name, names, COMMAND_COUNT);
    output_error(_("there is no verb '%s'"), name);
    if (nearest != NULL)
        output_hint(_("did you mean 'igum %s'?"), nearest);
    else
        output_hint(_("'igum --help' lists the verbs"));
    return COMMAND_USAGE;
}

static const char *find_home(void)
{
    const char *home = getenv("IGUM_HOME");
    const char *data = getenv("XDG_DATA_HOME");
    const char *user = getenv("HOME");

    if (home != NULL && home[0] != '\0')
        return home;
    if (data != NULL && data[0] == '/')
        (void)snprintf(default_home, sizeof default_home, "%s/igum", data);
    else
        (void)snprintf(default_home, sizeof default_home, "%s/.local/share/igum", user != NULL ? user : "");
    return default_home;
}

struct request {
    bool help;
    bool version;
};

/* Takes a global flag that has a value.  1: taken, 0: it is another argument, -1: wrong. */
static int take_value(int argc, char **argv, int *at, const char *name, const char **value)
{
    size_t len = strlen(name);

    if (strncmp(argv[*at], name, len) != 0 || (argv[*at][len] != '\0' && argv[*at][len] != '='))
        return 0;
    if (argv[*at][len] == '=')
        *value = argv[*at] + len + 1;
    else if (*at + 1 < argc)
        *value = argv[++*at];
    else {
        output_error(_("%s needs a value"), name);
        return -1;
    }
    return 1;
}

/* Takes the global flags out of argv, wherever they stand before "--".  False: the reason is printed. */
static bool take_globals(int *argc, char **argv, struct request *request)
{
    struct command_options options = {0};
    int kept = 1;

    for (int i = 1; i < *argc; i++) {
        int home, as;

        if (strcmp(argv[i], "--") == 0) {
            while (i < *argc)
                argv[kept++] = argv[i++];
            break;
        }
        if ((home = take_value(*argc, argv, &i, "--home", &options.home)) < 0)
            return false;
        if (home > 0)
            continue;
        if ((as = take_value(*argc, argv, &i, "--as", &options.as)) < 0)
            return false;
        if (as > 0)
            continue;
        if (strcmp(argv[i], "--json") == 0)
            options.json = true;
        else if (strcmp(argv[i], "--quiet") == 0)
            options.quiet = true;
        else if (strcmp(argv[i], "--clock-is-right") == 0)
            options.clock_is_right = true;
        else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            request->help = true;
        else if (strcmp(argv[i], "--version") == 0)
            request->version = true;
        else
            argv[kept++] = argv[i];
    }
    argv[kept] = NULL;
    *argc = kept;
    if (options.home == NULL)
        options.home = find_home();
    command_set_options(&options);
    return true;
}

static int run(int argc, char **argv)
{
    const struct command *command;
    struct request request = {0};
    char *self[] = {argv[0], NULL};

    if (!take_globals(&argc, argv, &request))
        return COMMAND_USAGE;
    if (request.version) {
        output_line("igum %s\n", IGUM_VERSION);
        return COMMAND_OK;
    }
    if (argc > 1 && strcmp(argv[1], "help") == 0) {
        request.help = true;
        argc--;
        argv++;
    }
    if (argc < 2 && request.help) {
        print_commands();
        return COMMAND_OK;
    }
    if (argc < 2)
        return cmd_state(1, self);
    if ((command = command_find(argv[1])) == NULL)
        return refuse_verb(argv[1]);
    if (request.help) {
        print_help(command);
        return COMMAND_OK;
    }
    return command->run(argc - 1, argv + 1);
}

/* As if the signal had ended the process, with the exit code that the contract names. */
static void interrupted(int number)
{
    (void)number;
    _exit(COMMAND_INTERRUPTED);
}

int main(int argc, char **argv)
{
    const char *catalogues = getenv("IGUM_LOCALE_DIR");
    int code;

    (void)setlocale(LC_CTYPE, "");
    (void)setlocale(LC_MESSAGES, "");
    (void)bindtextdomain("igum", catalogues != NULL ? catalogues : IGUM_LOCALE_DIR);
    (void)bind_textdomain_codeset("igum", "UTF-8");
    (void)textdomain("igum");
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGINT, interrupted);
    if (sodium_init() < 0) {
        output_error(_("the system gives no random numbers"));
        return COMMAND_FAILED;
    }
    code = run(argc, argv);
    if (!output_flush() && code == COMMAND_OK) {
        if (!output_reader_left())
            output_error(_("the output could not be written"));
        code = COMMAND_FAILED;
    }
    return code;
}
