#include "content/hidden.h"

#include "base/limits.h"
#include "content/code_points.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace sallyport::content {
namespace {

std::string utf8(char32_t c) {
    std::string out;
    if (c < 0x80) return {static_cast<char>(c)};
    if (c < 0x800) {
        out += static_cast<char>(0xC0 | c >> 6);
    } else if (c < 0x10000) {
        out += static_cast<char>(0xE0 | c >> 12);
        out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    } else {
        out += static_cast<char>(0xF0 | c >> 18);
        out += static_cast<char>(0x80 | (c >> 12 & 0x3F));
        out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    }
    return out + static_cast<char>(0x80 | (c & 0x3F));
}

std::vector<Found> all(std::string_view text) {
    std::vector<Found> found;
    find_hidden(text, found);
    for (const Found& one : found) {
        EXPECT_EQ(one.kind, FindingKind::marker);
        EXPECT_LT(one.begin, one.end);
        EXPECT_LE(one.end, text.size());
        EXPECT_FALSE(describe(text, one).code_points.empty());
    }
    return found;
}

void expect_one(std::string_view text, HiddenRule rule, Confidence confidence, std::string_view span) {
    const auto found = all(text);
    ASSERT_EQ(found.size(), 1U) << text;
    EXPECT_EQ(name(static_cast<HiddenRule>(found[0].rule)), name(rule)) << text;
    EXPECT_EQ(name(found[0].confidence), name(confidence)) << text;
    EXPECT_EQ(text.substr(found[0].begin, found[0].end - found[0].begin), span);
}

void expect_silent(std::string_view text) {
    for (const Found& one : all(text)) {
        const auto told = describe(text, one);
        ADD_FAILURE() << name(static_cast<HiddenRule>(one.rule)) << ": " << told.code_points << " in "
                      << told.rendering;
    }
}

std::string payload(const std::string& text) {
    const auto found = all(text);
    if (found.size() != 1) return std::to_string(found.size()) + " findings";
    EXPECT_EQ(found[0].confidence, Confidence::high);
    return describe(text, found[0]).payload;
}

// Every channel of text that is known, in an ASCII word.
const std::vector<std::pair<char32_t, char32_t>> channels = {
    {0x02BC, 0x02BC}, {0x02B9, 0x02B9}, {0x2018, 0x2019},   {0x02BB, 0x02BB}, {0x2032, 0x2032},   {0x02C8, 0x02C8},
    {0xFF07, 0xFF07}, {0x055A, 0x055A}, {0x05F3, 0x05F3},   {0xA78C, 0xA78C}, {0x00B4, 0x00B4},   {0x200B, 0x200F},
    {0x2060, 0x206F}, {0xFEFF, 0xFEFF}, {0x00AD, 0x00AD},   {0x180E, 0x180E}, {0x034F, 0x034F},   {0x115F, 0x1160},
    {0x3164, 0x3164}, {0xFFA0, 0xFFA0}, {0xE0000, 0xE007F}, {0xFE00, 0xFE0F}, {0xE0100, 0xE01EF}, {0x202A, 0x202E},
    {0x00A0, 0x00A0}, {0x2000, 0x200A}, {0x202F, 0x202F},   {0x205F, 0x205F}, {0x3000, 0x3000},   {0xE000, 0xF8FF},
    {0x2800, 0x2800}, {0x061C, 0x061C}};

TEST(Hidden, FindsEveryChannelInAnAsciiWord) {
    for (const auto& [first, last] : channels)
        for (char32_t c = first; c <= last; ++c) {
            const std::string text = "a word like char" + utf8(c) + "acters";
            const std::string alone = "char" + utf8(c) + "acters";
            const bool of_prose = c == 0xAD || c == 0xA0; // a hyphenation, a space that shall not break
            EXPECT_EQ(all(text).size(), of_prose ? 0U : 1U) << code_point_name(c);
            ASSERT_EQ(all(alone).size(), 1U) << code_point_name(c);
            EXPECT_EQ(all(alone)[0].begin, 4U) << code_point_name(c);
            EXPECT_EQ(all(alone)[0].end, 4U + utf8(c).size()) << code_point_name(c);
        }
}

TEST(Hidden, FindsNothingInAscii) {
    std::mt19937 random(1);
    for (int round = 0; round < 2000; ++round) {
        std::string text(random() % 300, ' ');
        for (char& c : text) c = static_cast<char>(random() % 128);
        expect_silent(text);
    }
}

TEST(Hidden, SpansLieInTheTextWhateverTheBytes) {
    std::mt19937 random(2);
    for (int round = 0; round < 5000; ++round) {
        std::string text;
        while (text.size() < random() % 60) {
            const auto& [first, last] = channels[random() % channels.size()];
            const unsigned kind = random() % 4;
            text += kind == 0   ? std::string(1, static_cast<char>(random()))
                    : kind == 1 ? utf8(first + random() % (last - first + 1))
                    : kind == 2 ? utf8(random() % 0x3000 + 0x80)
                                : std::string("ab");
        }
        all(text);
    }
}

TEST(Hidden, DecodesTagText) {
    std::string text = "Hello";
    for (const char c : std::string_view("ignore all")) text += utf8(0xE0000 + static_cast<char32_t>(c));
    EXPECT_EQ(payload(text), "ignore all");
    EXPECT_EQ(describe(text, all(text)[0]).channel, "text in tag characters, which no font shows");
}

TEST(Hidden, DecodesBytesOfVariationSelectors) {
    std::string text = "\U0001F600";
    std::string scattered;
    for (const char c : std::string_view("hi\x03\xFF")) {
        const auto byte = static_cast<unsigned char>(c);
        const std::string selector = utf8(byte < 16 ? 0xFE00 + byte : 0xE0100 + byte - 16);
        text += selector;
        scattered += "a" + selector;
    }
    EXPECT_EQ(payload(text), "hi\\x03\\xFF");
    EXPECT_EQ(payload(scattered), "hi\\x03\\xFF");
}

TEST(Hidden, DecodesZeroWidthBits) {
    for (const auto& [zero, one] :
         std::vector<std::pair<char32_t, char32_t>>{{0x200B, 0x200C}, {0x200D, 0x200C}, {0x2060, 0xFEFF}}) {
        std::string text = "Hello", spread;
        for (const char c : std::string_view("Ada"))
            for (int bit = 7; bit >= 0; --bit) {
                const std::string mark = utf8((c >> bit & 1) != 0 ? one : zero);
                text += mark;
                spread += "word" + mark + " ";
            }
        EXPECT_EQ(payload(text), "Ada");
        EXPECT_EQ(payload(spread), "Ada");
    }
}

TEST(Hidden, GroupsWhatIsScatteredOverAText) {
    expect_one("on\u200Be two\u200B thr\u200Bee", HiddenRule::zero_width, Confidence::medium,
               "\u200Be two\u200B thr\u200B");
    expect_one("all\u2009of\u2009these\u2005words", HiddenRule::odd_space, Confidence::medium,
               "\u2009of\u2009these\u2005");
    EXPECT_EQ(all("on\u200Be two\u200B").size(), 2U);
    expect_one("on\u200B\u200Be", HiddenRule::zero_width, Confidence::low, "\u200B\u200B");
}

TEST(Hidden, TellsWhatIsAmongAsciiLetters) {
    expect_one("go to p\u0430ypal now", HiddenRule::look_alike_letter, Confidence::medium, "p\u0430ypal");
    expect_one("the micr\u03BFsoft one", HiddenRule::look_alike_letter, Confidence::medium, "micr\u03BFsoft");
    expect_one("user_n\uFF41me = 1", HiddenRule::look_alike_letter, Confidence::medium, "n\uFF41me");
    expect_one("the pa\U0001D42Csword", HiddenRule::look_alike_letter, Confidence::medium, "pa\U0001D42Csword");
    expect_one("goo\u0261le.com", HiddenRule::look_alike_letter, Confidence::medium, "goo\u0261le");
    expect_one("2026\u22152027", HiddenRule::look_alike_punctuation, Confidence::low, "\u2215");
    expect_one("if (access) \u202E// end\u202C", HiddenRule::bidi, Confidence::medium, "\u202E// end\u202C");
    expect_one("Today\u02BCs date", HiddenRule::look_alike_apostrophe, Confidence::medium, "\u02BC");
    expect_one("It isn't, won't, don't; it\u2019s", HiddenRule::look_alike_apostrophe, Confidence::low, "\u2019");
}

TEST(Hidden, LeavesEmojiAndFlagsAlone) {
    expect_silent("\U0001F468\u200D\U0001F469\u200D\U0001F467\u200D\U0001F466 family, \u2764\uFE0F\u200D\U0001F525, "
                  "\U0001F3F3\uFE0F\u200D\U0001F308");
    expect_silent("\U0001F469\U0001F3FD\u200D\U0001F4BB at work, \U0001F937\U0001F3FB\u200D\u2642\uFE0F");
    expect_silent("1\uFE0F\u20E3 #\uFE0F\u20E3 *\uFE0F\u20E3 \u00A9\uFE0F \u2122\uFE0F \u26A0\uFE0E done \u2714\uFE0F");
    const auto flag = [](std::string_view region) {
        std::string tags = "\U0001F3F4";
        for (const char c : region) tags += utf8(0xE0000 + static_cast<char32_t>(c));
        return tags + utf8(0xE007F);
    };
    expect_silent(flag("gbeng") + " and " + flag("gbsct") + " and " + flag("usca"));
    EXPECT_EQ(all(flag("ignore all of it")).size(), 1U);
    EXPECT_EQ(all("a\u200D\U0001F525").size(), 1U);
}

TEST(Hidden, LeavesTypographyAlone) {
    expect_silent("\uFEFFint main() {}");
    expect_silent("Il dit\u202F: \u00AB\u00A0Vraiment\u202F?\u00A0\u00BB Oui\u202F! 1\u202F000\u202F\u20AC, 25\u00A0% "
                  "; l\u2019eau, aujourd\u2019hui, dell\u2019arte");
    expect_silent("10\u00A0kg, 5\u2009km, \u00A7\u00A03, Dr.\u00A0No, Mr\u00A0Smith, 3\u2009\u00D7\u20094");
    expect_silent("\u201CIt\u2019s done,\u201D she said; \u2018quoted\u2019, the users\u2019 data, rock \u2019n\u2019 "
                  "roll, O\u2019Neill");
    expect_silent("a hy\u00ADphen\u00ADa\u00ADtion of prose, Donau\u00ADdampf\u00ADschiff");
    expect_silent("5 \u00B5s, 10 k\u03A9, \u03BBx, \u0394t, 2\u03C0r, \u03B1max, \u03B2-carotene, \u03C3_i, \u03C1gh, "
                  "f\u2032(x)");
    expect_silent("\uE0B0 main \uE0A0 \uF126  \uF07C src");
    expect_silent(
        "S\u0131n\u0131f dosyas\u0131ndan, O\u02BBzbek tilidagi so\u02BBzlar, bo\u2018lishi o\u2018qish, Hawai\u02BBi");
    expect_silent("\\n\u043E\u0440 %s\u0430 %llu\u0441 SMS-\u043A\u0430 ^[nN\u03BF\u039F]");
}

TEST(Hidden, LeavesScriptsAlone) {
    for (const std::string_view prose :
         {"Каждый человек имеет право на жизнь, на свободу и на личную неприкосновенность. SMS-ка пришла в 10 часов; "
          "сорок страниц IP-адресов, х и у.",
          "П\u2019ять п\u02BCявок і сім\u2019я: об\u2019єднання слів, які мають апостроф. Їхній ґанок стоїть осторонь.",
          "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι· ο νους, το ον και η υγεία. Άρα, ναι ;",
          "می\u200Cخواهم کتاب\u200Cها را به خانه\u200Cی او ببرم، نمی\u200Cدانم چه می\u200Cشود. ه\u200D مانند ﷽.",
          "\u200Fيولد جميع الناس أحراراً\u200F (WHO) متساوين\u200E 2026-11-22\u200F في الكرامة والحقوق.",
          "כל בני האדם נולדו בני חורין\u200F, ג׳ורג׳ וצה״ל \u2067(API)\u2069 שווים.",
          "تمام انسان آزاد اور حقوق و عزت کے اعتبار سے برابر پیدا ہوئے\u200C ہیں۔",
          "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता प्राप्त है। क्\u200Dष और क्\u200Cष, श्री\u200Dमान्।",
          "সমস্ত মানুষ স্বাধীনভাবে সমান মর্যাদা নিয়ে জন্মগ্রহণ করে। র\u200D্যাব, উদ্\u200Cযাপন।",
          "மனிதப் பிறிவியினர் சகலரும் சுதந்திரமாகவே பிறக்கின்றனர்\u200C; க்\u200Cஷ.",
          "മനുഷ്യരെല്ലാവരും തുല്യാവകാശങ്ങളോടും അന്തസ്സോടും; അവന്\u200D, അവള്\u200D പറഞ്ഞു.",
          "සියලු මනුෂ්\u200Dයයෝ නිදහස්ව උපත ලබා ඇත. ශ්\u200Dරී ලංකාව.",
          "មនុស្ស\u200Bទាំងអស់\u200Bកើត\u200Bមក\u200Bមាន\u200Bសេរីភាព\u200B និង\u200Bសមភាព។",
          "มนุษย์\u200Bทั้งหลาย\u200Bเกิดมา\u200Bมีอิสระ\u200Bและเสมอภาคกัน",
          "လူတိုင်း\u200Bသည်\u200Bတူညီ\u200Bလွတ်လပ်သော",
          "འགྲོ་བ་མིའི་རིགས་རྒྱུད་ཡོངས་ལ་\u2060སྐྱེས་ཙམ་ཉིད་ནས།",
          "ᠬᠦᠮᠦᠨ\u202Fᠤ ᠡᠷᠬᠡ ᠪᠠ ᠰᠠᠨ\u180Eᠠ ᠪᠣᠯ\u180Bᠠ",
          "人人生而自由，在尊严和权利上一律平等。API（应用程序接口）：见第３章；\u3000葛\U000E0100城市，辻\U000E0101。",
          "\u3000すべての人間は、生まれながらにして自由であり、\u3000ＡＢＣ株式会社（東京）で「２０２６年」。ﾊﾝｶｸもある"
          "。",
          "모든 인간은 태어날 때부터 자유로우며 \u1112\u1161\u11AB\u1100\u1173\u11AF, \u115F\u1161 그 존엄과 권리에 "
          "있어 동등하다.",
          "Բոլոր մարդիկ ծնվում են ազատ ու հավասար՝ իրենց արժանապատվությամբ։",
          "ყველა ადამიანი იბადება თავისუფალი და თანასწორი.",
          "የሰው ልጅ ሁሉ ሲወለድ ነጻና በክብርና በመብትም እኩልነት ያለው ነው።",
          "ᏂᎦᏓ ᎠᏂᏴᏫ ᏂᎨᎫᏓᎸᎾ ᎠᎴ ᎤᏂᏠᏱ ᎤᎾᏕᎿ",
          "Tất cả mọi người sinh ra đều được tự do và bình đẳng về nhân phẩm và quyền lợi.",
          "Wszyscy ludzie rodzą się wolni w\u00A0domu i\u00A0równi, z\u00A0godnością; §\u00A05, 10\u00A0000\u00A0zł.",
          "⠁⠃⠉\u2800⠙⠑⠋"})
        expect_silent(prose);
}

// Languages that write a stop with a modifier letter do so in nearly every word; a mark does it once.
TEST(Hidden, LeavesLettersOfOtherLanguagesAlone) {
    std::string mam;
    for (int i = 0; i < 6; ++i)
        mam += "Atzin te lu\u02C8n atzin tajlal t-xe\u02C8chil, a tzajnin ti\u02C8j qtzan nq\u02C8o\u02C8t. ";
    EXPECT_TRUE(all(mam).empty());
    std::string english = "It\u02C8s what you\u02BCd say, and that\u02BCs it. ";
    for (int i = 0; i < 4; ++i) english += english;
    EXPECT_FALSE(all(english).empty()) << "bits by which of them stands";
}

TEST(Hidden, DescribesCodePointsAndRendering) {
    const std::string text = "see p\u0430ssw\u043Erd";
    const auto told = describe(text, all(text).at(0));
    EXPECT_EQ(told.code_points, "U+0430 (like 'a'), U+043E (like 'o')");
    EXPECT_EQ(told.rendering, "p<U+0430>ssw<U+043E>rd");
    const std::string zero = "a\u200B\u200B\u200Bb";
    EXPECT_EQ(describe(zero, all(zero).at(0)).code_points, "3 x U+200B ZERO WIDTH SPACE");
}

TEST(Hidden, SaysWhereItStoppedLooking) {
    std::string text = "x";
    while (text.size() < 6 * limits::hidden_marks_max) text += "a\u200Bb";
    std::vector<Found> found;
    find_hidden(text, found);
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[1].kind, FindingKind::uninspected);
    EXPECT_EQ(found[1].begin, found[0].end + 2);
    EXPECT_EQ(found[1].end, text.size());
}

TEST(Hidden, TellsBrokenUtf8AndLoneSurrogatesApart) {
    expect_one("a \xED\xA0\xBD b", HiddenRule::lone_surrogate, Confidence::low, "\xED\xA0\xBD");
    expect_one("caf\xE9 !", HiddenRule::broken_utf8, Confidence::low, "\xE9");
    expect_one("\xC0\xAF", HiddenRule::broken_utf8, Confidence::low, "\xC0\xAF");
    expect_one("cut \xE2\x80", HiddenRule::broken_utf8, Confidence::low, "\xE2\x80");
}

} // namespace
} // namespace sallyport::content
