/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/reader_text.h"

#include <assert.h>
#include <stddef.h>

const char *reader_language_code(enum reader_language language)
{
    return language == READER_HEBREW ? "he" : "en";
}

static const char *const texts[READER_TEXT_COUNT][2] = {
    [SAY_APP] = {"איגום", "Igum"},
    [SAY_SKIP] = {"דילוג לתוכן", "Skip to content"},
    [SAY_DOCUMENTS] = {"מסמכים", "Documents"},
    [SAY_MAIN_NAVIGATION] = {"ראשי", "Main"},
    [SAY_FOOT] = {"הצומת עומד במשרד הקיבוץ, ונקרא גם בלי אינטרנט.",
                  "The node stands in the kibbutz office and is readable without the internet."},
    [SAY_OTHER_LANGUAGE] = {"English", "עברית"},
    [SAY_PAGES] = {"עמודי הרשימה", "Pages of the list"},

    [SAY_FRESH_NEWEST] = {"הרשומה החדשה ביותר שהגיעה לכאן:", "The newest entry that has arrived here:"},
    [SAY_FRESH_AT] = {"בשעה", "at"},
    [SAY_FRESH_EMPTY] = {"עוד לא הגיעו לכאן רשומות.", "No entries have arrived here yet."},
    [SAY_FRESH_UNKNOWN] = {"אי אפשר לדעת עד מתי הארכיון מעודכן.", "How recent the archive is cannot be told."},
    [SAY_MISSING_ONE] = {"תוכן אחד עוד לא הגיע.", "One content has not arrived yet."},
    [SAY_MISSING_TWO] = {"שני תכנים עוד לא הגיעו.", "Two contents have not arrived yet."},
    [SAY_MISSING_MANY] = {"תכנים עוד לא הגיעו.", "contents have not arrived yet."},
    [SAY_DOCUMENTS_ONE] = {"מסמך אחד", "One document"},
    [SAY_DOCUMENTS_TWO] = {"שני מסמכים", "Two documents"},
    [SAY_DOCUMENTS_MANY] = {"מסמכים", "documents"},

    [SAY_FRONT_TITLE] = {"הפרוטוקולים, ההחלטות והידע שלנו", "Our minutes, decisions and know-how"},
    [SAY_RIGHT] = {"חבר אגודה רשאי לעיין בספרי הפרוטוקולים של אגודתו בתוך שבעה ימים מבקשתו. כאן אין צורך לבקש.",
                   "A member may inspect the minute books of their society within seven days of asking. Here there is "
                   "no need to ask."},
    [SAY_NEW] = {"מן החדש לישן", "Newest first"},
    [SAY_NO_DOCUMENTS] = {"עדיין אין כאן מסמכים", "There are no documents here yet"},
    [SAY_NO_DOCUMENTS_HINT] =
        {"מסמך שיפורסם כאן, או יגיע מקיבוץ אחר, יופיע ברשימה הזאת מיד.",
         "A document that is published here, or arrives from another kibbutz, will appear in this list at once."},
    [SAY_NEWER] = {"חדשים יותר", "Newer"},
    [SAY_OLDER] = {"ישנים יותר", "Older"},
    [SAY_PAGE_OF_BEFORE] = {"עמוד", "Page"},
    [SAY_PAGE_OF] = {"מתוך", "of"},
    [SAY_UNTITLED] = {"מסמך ללא כותרת", "A document without a title"},
    [SAY_NO_NUMBER] = {"—", "—"},

    [SAY_KIND_MINUTES] = {"פרוטוקול", "Minutes"},
    [SAY_KIND_DECISION] = {"החלטה", "Decision"},
    [SAY_KIND_KNOWLEDGE] = {"ידע", "Know-how"},
    [SAY_KIND_NOTICE] = {"הודעה", "Notice"},

    [SAY_KINDS_ALL] = {"הכול", "All"},
    [SAY_KINDS_MINUTES] = {"פרוטוקולים", "Minutes"},
    [SAY_KINDS_DECISION] = {"החלטות", "Decisions"},
    [SAY_KINDS_KNOWLEDGE] = {"ידע", "Know-how"},
    [SAY_KINDS_NOTICE] = {"הודעות", "Notices"},

    [SAY_STATE_SIGNED] = {"חתום", "Signed"},
    [SAY_STATE_PROPOSED] = {"מוצע", "Proposed"},
    [SAY_STATE_IN_FORCE] = {"בתוקף", "In force"},
    [SAY_STATE_SUPERSEDED] = {"הוחלף", "Superseded"},
    [SAY_STATE_WITHDRAWN] = {"בוטל", "Withdrawn"},
    [SAY_STATE_CONTESTED] = {"במחלוקת", "Contested"},
    [SAY_STATE_VOID] = {"חסר תוקף", "Void"},
    [SAY_STATE_ERASED] = {"התוכן נמחק", "Content erased"},
    [SAY_STATE_MISSING] = {"התוכן חסר", "Content missing"},

    [SAY_PRESENT] = {"נוכחים", "Present"},
    [SAY_ABSENT] = {"חסרים", "Absent"},
    [SAY_AUDIENCE] = {"למי", "For"},
    [SAY_TOPICS] = {"נושאים", "Topics"},
    [SAY_SIGNATURE] = {"חתימה", "Signature"},
    [SAY_SIGNED_ON] = {"נחתם", "Signed"},
    [SAY_ATTACHMENTS] = {"נספחים", "Attachments"},
    [SAY_AS_SIGNED] = {"המסמך כפי שנחתם", "The document as signed"},
    [SAY_ASK] = {"את מי לשאול", "Who to ask"},
    [SAY_CONFIRMED] = {"אומת לאחרונה", "Last confirmed"},
    [SAY_REVISIONS] = {"גרסאות", "Revisions"},
    [SAY_REVISION] = {"גרסה", "Revision"},
    [SAY_SHOWN_HERE] = {"מוצגת כאן", "shown here"},
    [SAY_NEWEST_REVISION] = {"החדשה ביותר", "newest"},
    [SAY_VERIFY] = {"בדיקה עצמאית, בלי איגום", "Checking it yourself, without Igum"},
    [SAY_VERIFY_HOW] =
        {"החתימה נבדקת בכלים רגילים, <bdi dir=\"ltr\">git</bdi> ו־<bdi dir=\"ltr\">ssh-keygen</bdi>, במחשב שיש בו עותק "
         "של הארכיון. "
         "השורה הראשונה כותבת את המפתח של מי שחתם; כדאי להשוות אותו לרשימת החותמים שבמשרד.",
         "The signature is checked with stock git and ssh-keygen, on a computer with a copy of the archive. "
         "The first line writes down the signer’s key; compare it with the list of signers in the office."},
    [SAY_VERIFY_ANSWER] = {"התשובה של <bdi dir=\"ltr\">git</bdi> צריכה להתחיל כך:",
                           "The answer of git should begin so:"},
    [SAY_ENTRY_ID] = {"רשומה", "Entry"},
    [SAY_DOCUMENT_ID] = {"מסמך", "Document"},
    [SAY_OLD_TITLE] = {"זאת גרסה קודמת של המסמך", "This is an earlier revision of the document"},
    [SAY_OLD_TEXT] = {"יש גרסה חדשה ממנה.", "There is a newer one."},
    [SAY_DRAFT_TITLE] = {"יש גרסה חדשה שעוד לא אושרה", "A newer revision is not approved yet"},
    [SAY_DRAFT_TEXT] = {"עד שתאושר, הנוסח שכאן הוא הקובע.", "Until it is, the text here is the one that counts."},
    [SAY_DRAFT_LINK] = {"לגרסה החדשה", "To the newer revision"},
    [SAY_HEADS_TITLE] = {"המסמך תוקן בשני משרדים בו בזמן", "This document was revised in two offices at once"},
    [SAY_HEADS_TEXT] = {"יש יותר מגרסה עדכנית אחת; התיקון הבא יאחד אותן. כל הגרסאות ברשימה שבצד.",
                        "More than one revision is current; the next one joins them. All are in the list beside."},
    [SAY_NOT_MAIN_TEXT] = {"זאת הגרסה החדשה; עד שתאושר, גרסה קודמת היא הקובעת.",
                           "This is the newer one; until it is approved, an earlier one counts."},
    [SAY_MAIN_LINK] = {"לגרסה שבתוקף", "To the revision that counts"},
    [SAY_OLD_LINK] = {"לגרסה החדשה ביותר", "To the newest revision"},
    [SAY_MISSING_TITLE] = {"התוכן עוד לא הגיע לכאן", "The content has not arrived here yet"},
    [SAY_MISSING_TEXT] = {"הרישום והחתימה כבר כאן. התוכן יופיע בעמוד הזה כשיגיע מצומת שמחזיק בו. אם הוא מיועד לקיבוץ "
                          "אחר בלבד, הוא לא יגיע לכאן.",
                          "The entry and its signature are here. The content will appear on this page when it arrives "
                          "from a node that holds it. "
                          "If it is meant for another kibbutz only, it will not come here."},
    [SAY_ERASED_TITLE] = {"התוכן נמחק; הרישום נשאר", "The content was erased; the entry remains"},
    [SAY_ERASED_TEXT] =
        {"הצמתים שמחקו אותו אינם יכולים לשחזר אותו. עותק שהורד או הודפס קודם לכן נשאר אצל מי שהחזיק בו.",
         "The nodes that erased it cannot bring it back. A copy that was saved or printed before remains with whoever "
         "held it."},
    [SAY_WITHDRAWN_TITLE] = {"המסמך בוטל ואינו בתוקף", "The document was withdrawn and is not in force"},
    [SAY_WITHDRAWN_TEXT] = {"הנוסח נשאר כאן לקריאה.", "Its text remains here to be read."},
    [SAY_REASON] = {"הסיבה:", "The reason:"},
    [SAY_WITHDRAWN_BY] = {"ביטול של", "Withdrawn by"},
    [SAY_ERASED_BY] = {"מחיקה של", "Erased by"},
    [SAY_ERASED_NAME] = {"מסמך שתוכנו נמחק", "A document whose content was erased"},
    [SAY_SUPERSEDED_TITLE] = {"המסמך הוחלף", "The document was superseded"},
    [SAY_SUPERSEDED_TEXT] = {"במקומו בא:", "In its place stands:"},
    [SAY_REPLACING_TITLE] = {"יש מחלוקת על מסמך שאמור להחליף את זה",
                             "A document that is to supersede this one is contested"},
    [SAY_REPLACING_TEXT] = {"עד שתוכרע, המסמך הזה עומד בתוקפו.", "Until that is settled, this one stands."},
    [SAY_VOID_TITLE] = {"למסמך הזה אין תוקף", "This document is void"},
    [SAY_VOID_TEXT] =
        {"אפשר לקרוא אותו, אבל הוא אינו נחשב. מי שכתב אותו ביושר יכול לבקש מרכז/ת אחר/ת בקיבוץ לפרסם אותו "
         "שוב.",
         "It can be read, and counts for nothing. Honest work can be published again by another "
         "coordinator of the kibbutz."},
    [SAY_CONTESTED_TITLE] = {"המסמך במחלוקת", "This document is contested"},
    [SAY_CONTESTED_TEXT] = {"אפשר לקרוא אותו. עד שהמחלוקת תוכרע הוא אינו נספר כאישור ואינו נכנס לתוקף.",
                            "It can be read. Until the doubt is settled it counts as no approval and enters into no "
                            "force."},
    [SAY_DOUBT_BEGINS] = {"הספק מתחיל ברשומה", "The doubt begins at entry"},
    [SAY_DOUBT_IN_LOG] = {"ביומן של", "in the log of"},
    [SAY_CAUSE_UNKNOWN] = {"רשומה שלפניו עוד לא הגיעה לכאן.", "An entry before it has not arrived here yet."},
    [SAY_CAUSE_NOT_GRANTED] = {"איש לא הסמיך את המפתח שחתם עליו:",
                               "Nothing grants the key that signed it what it claims:"},
    [SAY_CAUSE_FORKED] = {"במפתח הזה נחתמו שתי רשומות שונות באותו מספר:",
                          "This key signed two different entries under one number:"},
    [SAY_CAUSE_REVOKED] = {"הוא נחתם אחרי שהנאמן או הנאמנה של הקיבוץ ביטלו את המפתח:",
                           "It was signed after the kibbutz’s steward retired this key:"},
    [SAY_CAUSE_CUT] = {"הוא נחתם אחרי הרשומה האחרונה של המפתח הזה שהמועצה הכירה בה:",
                       "It was signed after the last entry of this key that the council lets stand:"},
    [SAY_CAUSE_RECOVERED] = {"הוא נחתם אחרי שהקיבוץ החליף את המפתח בעזרת כרטיס השחזור:",
                             "It was signed after the kibbutz replaced this key by its recovery card:"},
    [SAY_CAUSE_CLOSED] = {"הקיבוץ עזב את הרשת:", "The kibbutz has left the network:"},
    [SAY_CAUSE_RESTS_ON] = {"ההסמכה של המפתח שחתם עליו אינה עומדת:",
                            "What the key that signed it rests on does not stand:"},
    [SAY_CAUSE_WAITS] = {"ההסמכה של המפתח שחתם עליו מחכה לאישורים:",
                         "What the key that signed it rests on waits for approvals:"},
    [SAY_PROPOSED_TITLE] = {"עדיין לא בתוקף", "Not in force yet"},
    [SAY_LACKS_ONE] = {"חסר אישור אחד", "one approval is missing"},
    [SAY_LACKS_TWO] = {"חסרים שני אישורים", "two approvals are missing"},
    [SAY_LACKS_MANY] = {"אישורים חסרים", "approvals are missing"},
    [SAY_PROPOSED_TEXT] = {"המסמך ייכנס לתוקף כשיאשרו אותו רכזים מקיבוצים שונים, כמספר הדרוש. כל תיקון בנוסח מתחיל את "
                           "האישורים מחדש.",
                           "It comes into force when coordinators of as many different kibbutzim as needed approve "
                           "it. Every change of the text starts the approvals anew."},
    [SAY_PROPOSED_OWN] = {"המסמך ייכנס לתוקף כשיאשרו אותו אנשי הקיבוץ, כמספר הדרוש. כל תיקון בנוסח מתחיל את האישורים "
                          "מחדש.",
                          "It comes into force when as many people of the kibbutz as needed approve it. Every change "
                          "of the text starts the approvals anew."},
    [SAY_APPROVALS] = {"אישורים", "Approvals"},
    [SAY_APPROVALS_OF] = {"מתוך", "of"},
    [SAY_APPROVAL_CONTESTED] = {"במחלוקת, אינו נספר", "contested, does not count"},
    [SAY_APPROVAL_VOID] = {"חסר תוקף", "void"},
    [SAY_APPROVAL_SAME] = {"מקיבוץ שכבר אישר", "of a kibbutz that has approved already"},
    [SAY_FIRST_BY] = {"פורסם לראשונה בידי", "First published by"},
    [SAY_NO_TEXT] = {"במסמך הזה אין טקסט.", "This document has no text."},
    [SAY_PLAIN_TEXT] = {"המסמך ארוך או מסובך מכדי לעצב אותו, ולכן הוא מוצג כפי שנכתב.",
                        "The document is too long or too intricate to be laid out, so it is shown as it was written."},
    [SAY_CALL] = {"להתקשר אל", "Call"},
    [SAY_FOR_KIBBUTZ] = {"חברי הקיבוץ", "the kibbutz"},
    [SAY_FOR_NETWORK] = {"חברי הרשת", "the network"},
    [SAY_FOR_PUBLIC] = {"כל אדם", "everybody"},
    [SAY_ROLE_STEWARD] = {"נאמן/ה", "steward"},
    [SAY_ROLE_COORDINATOR] = {"רכז/ת", "coordinator"},
    [SAY_ROLE_NODE] = {"צומת", "node"},
    [SAY_SOMEBODY] = {"שם לא ידוע", "name not known"},

    [SAY_400_TITLE] = {"הבקשה לא הובנה", "The request was not understood"},
    [SAY_400_TEXT] = {"הדפדפן או תוכנה שבדרך שלחו בקשה פגומה.",
                      "The browser, or a program on the way, sent a broken request."},
    [SAY_404_TITLE] = {"אין כאן עמוד כזה", "There is no such page here"},
    [SAY_404_TEXT] =
        {"אולי הכתובת נקטעה בהעתקה, ואולי המסמך עוד לא הגיע לצומת הזה.",
         "Perhaps the address was cut when it was copied; perhaps the document has not reached this node yet."},
    [SAY_405_TITLE] = {"כאן רק קוראים", "Here one only reads"},
    [SAY_405_TEXT] = {"אי אפשר לשנות דבר דרך האתר. רכזות ורכזים מפרסמים בתוכנה <bdi dir=\"ltr\">igum</bdi>.",
                      "Nothing can be changed through this site. Coordinators publish with the program igum."},
    [SAY_421_TITLE] = {"הכתובת הזאת אינה של הצומת", "This address is not the node’s"},
    [SAY_421_TEXT] = {"הבקשה הגיעה בשם שהצומת אינו מכיר. יש לפנות אליו בכתובת המספרית שלו, או בשם שנקבע במשרד.",
                      "The request came under a name that the node does not know. Call it by its numeric address, or "
                      "by the name that the office has set."},
    [SAY_500_TITLE] = {"הצומת נתקל בבעיה", "The node met a problem"},
    [SAY_500_TEXT] = {"יש לנסות שוב בעוד רגע. אם זה חוזר, כדאי לספר במשרד.",
                      "Try again in a moment. If it happens again, tell the office."},
    [SAY_503_TITLE] = {"הארכיון אינו זמין כרגע", "The archive is not available right now"},
    [SAY_503_TEXT] = {"הצומת מתעדכן או עוד לא הוקם. יש לנסות שוב בעוד רגע; אם זה חוזר, כדאי לספר במשרד.",
                      "The node is being updated or is not set up yet. Try again in a moment; if it happens again, "
                      "tell the office."},
    [SAY_TO_FRONT] = {"לכל המסמכים", "To all documents"},
};

const char *reader_text(enum reader_language language, enum reader_text text)
{
    assert(text < READER_TEXT_COUNT && texts[text][language] != NULL);
    return texts[text][language];
}
