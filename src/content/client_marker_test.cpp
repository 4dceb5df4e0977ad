#include "content/client_marker.h"

#include "content/hidden.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::content {
namespace {

constexpr std::string_view plain = "'", curly = "\u2019", modifier = "\u02BC", prime = "\u02B9";

std::string sentence(std::string_view apostrophe, char separator) {
    std::string date = "2026-11-22";
    date[4] = date[7] = separator;
    return "Today" + std::string(apostrophe) + "s date is " + date + ".";
}

std::vector<Found> all(std::string_view text, Standing standing = Standing::content) {
    std::vector<Found> found;
    find_client_marker(text, standing, found);
    return found;
}

struct Vector {
    std::string_view host, zone, apostrophe;
    char separator;
    std::uint32_t state;
};

// As seen in requests of 2.1.91 and 2.1.196; the last two read from the code.
constexpr Vector vectors[] = {
    {"127.0.0.1", "UTC", plain, '-', 0},
    {"127.0.0.1", "Asia/Shanghai", plain, '/', marker_china_zone},
    {"127.0.0.1", "America/New_York", plain, '-', 0},
    {"llm.example.com", "UTC", plain, '-', 0},
    {"llm.example.com", "Asia/Urumqi", plain, '/', marker_china_zone},
    {"gw.example.cn", "UTC", curly, '-', marker_known_host},
    {"gw.example.cn", "Asia/Urumqi", curly, '/', marker_known_host | marker_china_zone},
    {"deepseek.corp.example", "UTC", modifier, '-', marker_lab_keyword},
    {"deepseek.corp.example", "Asia/Urumqi", modifier, '/', marker_lab_keyword | marker_china_zone},
    {"api.moonshot.ai", "UTC", prime, '-', marker_known_host | marker_lab_keyword},
    {"api.moonshot.ai", "Asia/Urumqi", prime, '/', 7},
    {"api.tu-zi.com", "UTC", curly, '-', marker_known_host},
    {"api.tu-zi.com", "Asia/Urumqi", curly, '/', marker_known_host | marker_china_zone},
    {"volces.baidu.com", "UTC", prime, '-', marker_known_host | marker_lab_keyword},
    {"volces.baidu.com", "Asia/Urumqi", prime, '/', 7},
    {"xcn", "UTC", plain, '-', 0},
    {"xcn", "Asia/Urumqi", plain, '/', marker_china_zone},
    {"", "Asia/Shanghai", plain, '-', 0},
    {"api.anthropic.com", "Asia/Shanghai", plain, '-', 0},
};

TEST(ClientMarker, ReadsTheStateOfEveryMeasuredVector) {
    for (const Vector& one : vectors) {
        const std::string text =
            "<system-reminder>\n# currentDate\n" + sentence(one.apostrophe, one.separator) + "\n</system-reminder>\n";
        const auto found = all(text);
        ASSERT_EQ(found.size(), one.state == 0 ? 0U : 1U) << one.host << ' ' << one.zone;
        if (one.state == 0) continue;
        EXPECT_EQ(found[0].rule, one.state) << one.host << ' ' << one.zone;
        EXPECT_EQ(found[0].kind, FindingKind::marker);
        EXPECT_EQ(found[0].confidence, Confidence::high);
        EXPECT_EQ(text.substr(found[0].begin, found[0].end - found[0].begin), sentence(one.apostrophe, one.separator));
    }
}

TEST(ClientMarker, SaysWhatEachStateDiscloses) {
    EXPECT_EQ(disclosed(0), "nothing");
    EXPECT_EQ(disclosed(marker_china_zone), "the machine's time zone is Asia/Shanghai or Asia/Urumqi");
    EXPECT_NE(disclosed(marker_known_host).find("list of 147"), std::string::npos);
    EXPECT_NE(disclosed(marker_lab_keyword).find("11 names"), std::string::npos);
    EXPECT_NE(disclosed(7).find("and holds one of its 11 names of AI laboratories; the machine's time zone"),
              std::string::npos);
    EXPECT_EQ(disclosed(marker_states), "nothing");
}

TEST(ClientMarker, TellsWhatTheClientInjectsFromAQuotation) {
    const std::string odd = sentence(curly, '-');
    EXPECT_EQ(all("The article says that \"" + odd + "\" is a marker.").at(0).confidence, Confidence::low);
    EXPECT_EQ(all("The end of a prompt. " + odd, Standing::injected).at(0).confidence, Confidence::high);
    EXPECT_EQ(all("first\n  " + odd + " \r\nlast").at(0).confidence, Confidence::high);
    EXPECT_EQ(all("<system-reminder>It is late. " + odd + " Bye.</system-reminder>").at(0).confidence,
              Confidence::high);
    EXPECT_EQ(all("<system-reminder>a</system-reminder> so: " + odd + " Bye.").at(0).confidence, Confidence::low);
    const auto both = all("<system-reminder>a</system-reminder> so: " + odd + " <system-reminder>b " + odd + " c");
    ASSERT_EQ(both.size(), 2U);
    EXPECT_EQ(both[0].confidence, Confidence::low);
    EXPECT_EQ(both[1].confidence, Confidence::high);
}

TEST(ClientMarker, IsSilentOnWhatIsNotTheSentence) {
    for (const std::string_view text :
         {"Today's date is 2026-11-22.", "Today\u2019s date is unknown.", "Today\u2019s date is 2026-11/22.",
          "Today\u2019s date is 2026-11-22", "Today\u2018s date is 2026-11-22.", "today\u2019s date is 2026-11-22.",
          "Today\u2019s date was 2026-11-22.", "\u4ECA\u5929\u662F 2026\u5E7411\u670822\u65E5\u661F\u671F\u65E5\u3002",
          "<timezone>Asia/Shanghai</timezone>", "Today", "Today\u2019", "Today's date is 2026/11/2"})
        EXPECT_TRUE(all(text, Standing::injected).empty()) << text;
}

} // namespace
} // namespace sallyport::content
