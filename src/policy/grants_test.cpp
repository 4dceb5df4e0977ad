#include "policy/grants.h"

#include "policy/document.h"

#include <gtest/gtest.h>

namespace sallyport::policy {
namespace {

std::vector<Grant> grants_of(std::string_view text, std::vector<Mistake>* mistakes = nullptr) {
    Reader reader("policy.yaml");
    EXPECT_TRUE(reader.parse(text, 1u << 20));
    auto grants = read_grants(reader, reader.root());
    if (mistakes != nullptr)
        *mistakes = reader.mistakes();
    else
        EXPECT_TRUE(reader.clean()) << reader.mistakes()[0].text();
    return grants;
}

TEST(Grants, TheFirstThatNamesThePortCounts) {
    const auto grants = grants_of(R"(
- { id: dev-server, ports: [3000, "5173-5180"], class: [internal], why: "they look at what they build" }
- { ports: "5000-6000", ask: false, why: "more" }
)");
    const auto id = [&](std::uint16_t port) {
        const Grant* grant = grant_of_port(grants, port);
        return grant == nullptr ? std::string("none") : grant->id;
    };
    EXPECT_EQ("dev-server", id(3000));
    EXPECT_EQ("dev-server", id(5180));
    EXPECT_EQ("grant-2", id(5181));
    EXPECT_EQ("none", id(3001));
    EXPECT_EQ("none", id(6001));
    EXPECT_EQ(1u << static_cast<unsigned>(Class::internal), grants[0].classes);
    EXPECT_TRUE(grants[0].asks);
    EXPECT_FALSE(grants[1].asks);
    EXPECT_EQ("5173-5180", text_of(grants[0].ports[1]));
    EXPECT_TRUE(grants_of("[]").empty());
}

TEST(Grants, AMistakeIsToldWhereItStands) {
    for (const auto& [text, sentence] :
         {std::pair{R"([{ ports: [80], why: "x" }])", "'80' is no port"},
          std::pair{R"([{ ports: ["9000-8000"], why: "x" }])", "'9000-8000' is no port"},
          std::pair{R"([{ ports: [70000], why: "x" }])", "'70000' is no port"},
          std::pair{R"([{ ports: ["3000-"], why: "x" }])", "'3000-' is no port"},
          std::pair{R"([{ ports: [], why: "x" }])", "an empty list grants nothing"},
          std::pair{R"([{ ports: [3000] }])", "why"}, std::pair{R"([{ why: "x" }])", "ports"},
          std::pair{R"([{ ports: [3000], why: "x", host: "0.0.0.0" }])", "host"},
          std::pair{R"([{ id: a, ports: [3000], why: "x" }, { id: a, ports: [3001], why: "x" }])", "two grants"}}) {
        std::vector<Mistake> mistakes;
        grants_of(text, &mistakes);
        ASSERT_FALSE(mistakes.empty()) << text;
        EXPECT_TRUE(mistakes[0].text().contains(sentence)) << mistakes[0].text();
    }
}

TEST(Grants, BelongIntoThePolicyItself) {
    const auto loaded = load_text("version: 1\ngrants: [{ ports: [3000], why: \"x\" }]\n", "policy.yaml");
    ASSERT_TRUE(loaded.policy);
}

} // namespace
} // namespace sallyport::policy
