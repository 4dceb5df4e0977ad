#include "content/amend.h"

#include "base/buffer.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>

namespace sallyport::content {
namespace {

// Made up; their checksums hold.
const std::string token = std::string("ghp_") + "IqIMNOZH6z0wIEB4T9A2g4EHMy8Ji4" + "0jlb6i";

std::string json_text(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        if (c == '\n')
            out += "\\n";
        else
            out += c;
    }
    return out + '"';
}

class AmenderTest : public testing::Test {
protected:
    static void SetUpTestSuite() {
        auto rules = Rules::built_in();
        ASSERT_TRUE(rules) << rules.error().message;
        rules_ = *rules;
    }
    static void TearDownTestSuite() { rules_.reset(); }

    static constexpr std::uint32_t secrets = 7;
    Result<std::string> amend(const std::string& body, Amending what, std::string_view path = "/v1/messages") {
        raw_.clear();
        raw_.append(body);
        EXPECT_TRUE(document_.parse(raw_.view())) << body;
        EXPECT_TRUE(dialect::read_request(*dialect::match_endpoint("POST", path), document_, request_));
        inspector_.inspect(document_, request_, 7, inspection_);
        std::string out;
        const auto made = amender_.amend(document_, request_, inspection_, what, out);
        if (!made) return std::unexpected(made.error());
        return out;
    }
    std::string redacted(const std::string& body) {
        auto made = amend(body, {.redact = secrets});
        EXPECT_TRUE(made) << made.error().message;
        return made.value_or("");
    }

    static inline std::shared_ptr<const Rules> rules_;
    crypto::UnitNamer namer_{std::string(32, 'k'), "test"};
    crypto::Mac key_{Secret(std::string(32, 'k'))};
    Amender amender_{key_};
    UnitMemory memory_{10'000};
    Inspector inspector_{rules_, memory_, namer_};
    Buffer raw_;
    json::Document document_;
    dialect::Request request_;
    Inspection inspection_;
};

std::string talk(const std::vector<std::string>& texts) {
    std::string body = R"({"model":"m","messages":[)";
    for (std::size_t i = 0; i < texts.size(); ++i)
        body += (i == 0 ? "" : ",") + std::string(R"({"role":"user","content":[{"type":"text","text":)") +
                json_text(texts[i]) + "}]}";
    return body + R"(],"max_tokens":9})";
}

TEST_F(AmenderTest, ReplacesJustTheSecret) {
    const std::string body = talk({"before", "x = \"" + token + "\"\nafter"});
    std::string left = redacted(body);
    const auto at = left.find("[[sallyport:");
    ASSERT_NE(at, std::string::npos) << left;
    const auto end = left.find("]]", at) + 2;
    left.replace(at, end - at, token);
    EXPECT_EQ(left, body);
    EXPECT_EQ(redacted(talk({"nothing"})), talk({"nothing"}));
}

TEST_F(AmenderTest, IsIdempotentAndItsPlaceholdersAreNoSecrets) {
    for (const std::string around :
         {"TOKEN=\"{}\"", "password: {}", "Authorization: Bearer {}", "https://ada:{}@h.example/x", "api_key = '{}'",
          "export GITHUB_TOKEN={}\n", "\"secret\": \"{}\",", "{}"}) {
        std::string text = around;
        text.replace(text.find("{}"), 2, token);
        const std::string once = redacted(talk({text}));
        EXPECT_EQ(once.find(token), std::string::npos) << around;
        EXPECT_EQ(redacted(once), once) << around;
    }
}

// Law 1: what left in earlier turns leaves so again, whatever comes behind it.
TEST_F(AmenderTest, AConversationThatGrowsKeepsEveryEarlierByte) {
    std::mt19937 random(7);
    const std::vector<std::string> pieces = {" " + token + " ",
                                             " and ",
                                             "\n",
                                             "\"",
                                             "\\",
                                             "password = \"hunter2hunter2\"",
                                             "\xC3\xA4",
                                             "x",
                                             "key: ",
                                             "AKIA"
                                             "QYLPMN5HFIQR7XYA",
                                             " "};
    for (int round = 0; round < 100; ++round) {
        std::vector<std::string> texts;
        std::string earlier;
        for (int turn = 0; turn < 6; ++turn) {
            std::string text;
            for (auto i = random() % 8; i > 0; --i) text += pieces[random() % pieces.size()];
            texts.push_back(text);
            const std::string left = redacted(talk(texts));
            ASSERT_EQ(left.find(token), std::string::npos);
            const std::string kept = left.substr(0, left.rfind("],\"max_tokens\""));
            ASSERT_TRUE(kept.starts_with(earlier)) << left;
            earlier = kept;
        }
    }
}

TEST_F(AmenderTest, WithholdsTheWholeTextOnce) {
    const std::string body = talk({"one " + token + " two " + token + "\nthree", "kept"});
    const auto left = amend(body, {.redact = 0, .withhold = secrets});
    ASSERT_TRUE(left);
    EXPECT_EQ(left->find("three"), std::string::npos);
    EXPECT_NE(left->find("kept"), std::string::npos);
    const auto said = left->find("[Sallyport withheld this text");
    ASSERT_NE(said, std::string::npos);
    EXPECT_EQ(left->find("[Sallyport withheld this text", said + 1), std::string::npos);
}

// A password that only its first surroundings gave away.
TEST_F(AmenderTest, WhatWasRedactedOnceIsRedactedWhereverItStandsLater) {
    const std::string said = "Kx9mQ2vL7wTz", first = "password = \"" + said + "\"";
    const auto count = [](const std::string& text, const std::string& word) {
        std::size_t found = 0;
        for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++found;
        return found;
    };
    const std::string before = redacted(talk({"is " + said + " good?", "no", first}));
    EXPECT_EQ(count(before, said), 1U) << "what had left stays: " << before;
    const std::string after = redacted(talk({"is " + said + " good?", "no", first, "so " + said + ", and " + said}));
    EXPECT_EQ(count(after, said), 1U) << after;
    EXPECT_EQ(count(after, "[[sallyport:"), 3U) << after;
    EXPECT_TRUE(after.starts_with(before.substr(0, before.find("],\"max_tokens\"")))) << after;
}

TEST_F(AmenderTest, RedactsWhatStandsInEscapesUnderTheNameOfItsText) {
    const std::string key = std::string("-----BEGIN RSA PRIVATE ") + "KEY-----\n" +
                            "GTd7FguoV8FWnFbB0JxXujr4qqaaABvvLOzAxzXMcU1vsHiQMaRiNTN9Ox98whGc\nTZc1UWb5fxzpF7STG7nVLe3l"
                            "ARUsRJlNONwktN9ugkZeESG61she/QAqq0nv3Vth" +
                            "\nq83vASNF\n-----END RSA PRIVATE KEY-----";
    const auto name_in = [](const std::string& text) {
        const auto at = text.find("[[sallyport:");
        return at == std::string::npos ? text : text.substr(at, text.find("]]", at) + 2 - at);
    };
    const std::string plain = redacted(talk({key})), nested = redacted(talk({R"({"out":)" + json_text(key) + "}"}));
    EXPECT_EQ(name_in(plain), name_in(nested));
    EXPECT_EQ(nested.find("GTd7Fguo"), std::string::npos) << nested;
    Buffer raw;
    raw.append(nested);
    json::Document document;
    EXPECT_TRUE(document.parse(raw.view())) << nested;
}

TEST_F(AmenderTest, WithholdsAnAttachmentAsATextOfTheDialect) {
    const std::string body =
        R"({"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"what is this?"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":")" +
        std::string(400, 'A') + R"("},"cache_control":{"type":"ephemeral"}},{"type":"text","text":"well?"}]}]})";
    const auto left = amend(body, {.redact = 0, .withhold = 7u << 9});
    ASSERT_TRUE(left) << left.error().message;
    EXPECT_EQ(left->find("AAAA"), std::string::npos);
    EXPECT_NE(
        left->find(
            R"("text":"what is this?"},{"type":"text","text":"[Sallyport withheld this text: it holds what cannot be)"),
        std::string::npos)
        << *left;
    EXPECT_NE(left->find(R"(},{"type":"text","text":"well?"}]}]})"), std::string::npos);
}

TEST_F(AmenderTest, RefusesWhereNothingCanBePutInItsPlace) {
    const auto why = [&](const std::string& body) {
        const auto made = amend(body, {.redact = secrets});
        return made ? std::string("amended") : made.error().message;
    };
    const std::string head = R"({"model":"m","messages":[{"role":"assistant","content":[)", tail = "]}]}";
    EXPECT_NE(
        why(head + R"({"type":"thinking","thinking":")" + token + R"(","signature":"c2ln"})" + tail).find("signed"),
        std::string::npos);
    EXPECT_NE(
        why(head + R"({"type":"tool_use","id":")" + token + R"(","name":"n","input":{}})" + tail).find("protocol"),
        std::string::npos);
    EXPECT_NE(why(head + R"({"type":"text","text":"x",")" + token + R"(":1})" + tail).find("a name"),
              std::string::npos);
    EXPECT_EQ(why(head + R"({"type":"tool_use","id":"i","name":"n","input":{"cmd":["echo )" + token + R"("]}})" + tail),
              "amended");
    EXPECT_EQ(why(head + R"({"type":"text","text":")" + token + R"("})" + tail).find(token), std::string::npos);
}

// Gemini's signature stands beside the call; a call that was restored must not get stuck for it.
TEST_F(AmenderTest, OfGeminiOnlyThoughtIsLeftAsItIs) {
    constexpr std::string_view path = "/v1beta/models/gemini-3:generateContent";
    const auto contents = [&](const std::string& part) {
        return R"({"contents":[{"role":"user","parts":[{"text":"hi"}]},{"role":"model","parts":[)" + part + "]}]}";
    };
    const std::string call = R"({"functionCall":{"name":"replace","args":{"new_string":"T = )" + token +
                             R"("}},"thoughtSignature":"c2lnbmVk"})";
    const auto redacted_call = amend(contents(call), {.redact = secrets}, path);
    ASSERT_TRUE(redacted_call) << redacted_call.error().message;
    EXPECT_EQ(redacted_call->find(token), std::string::npos);
    EXPECT_NE(redacted_call->find(R"("thoughtSignature":"c2lnbmVk")"), std::string::npos);
    const auto thought = amend(contents(R"({"thought":true,"text":"T = )" + token + "\"}"), {.redact = secrets}, path);
    ASSERT_FALSE(thought);
    EXPECT_NE(thought.error().message.find("what the vendor signed"), std::string::npos) << thought.error().message;
}

constexpr std::uint32_t markers = 7u << confidences;

TEST_F(AmenderTest, NormalisesJustWhatIsHidden) {
    const std::vector<std::array<std::string, 2>> cases = {
        {"pass\u200Bword\u200B\u200C and so", "password and so"},
        {"a\U000E0048\U000E0069 b", "a b"},
        {"x = \u202Ereversed\u202C;", "x = reversed;"},
        {"the p\u0430ssword and p\u0430ypal", "the password and paypal"},
        {"wo\uE001rd", "wo\uFFFDrd"},
        {"x\u3164y = 1", "x y = 1"},
    };
    for (const auto& [hidden, plain] : cases) {
        const auto made = amend(talk({hidden}), {.normalise = markers});
        ASSERT_TRUE(made) << made.error().message;
        EXPECT_EQ(*made, talk({plain}));
        const auto again = amend(*made, {.normalise = markers});
        ASSERT_TRUE(again);
        EXPECT_EQ(*again, *made);
    }
    for (const std::string apostrophe : {"'", "\u2019", "\u02BC", "\u02B9"})
        for (const std::string slash : {"-", "/"}) {
            const auto sentence = [](const std::string& a, const std::string& b) {
                return "Today" + a + "s date is 2026" + b + "11" + b + "22.";
            };
            const auto made = amend(talk({sentence(apostrophe, slash)}), {.normalise = markers});
            ASSERT_TRUE(made);
            EXPECT_EQ(*made, talk({sentence("'", "-")}));
        }
}

TEST_F(AmenderTest, NormalisesBehindEscapesToo) {
    // The marker in a transcript that a tool reads: JSON in JSON in the request.
    const std::string padding(150, 'x');
    const std::string line = json_text(padding + "\n" + "Today\u2019s date is 2026/11/22.\nmore");
    const auto made = amend(talk({line}), {.normalise = markers});
    ASSERT_TRUE(made);
    EXPECT_EQ(*made, talk({json_text(padding + "\n" + "Today's date is 2026-11-22.\nmore")}));
    const std::string escaped = R"("Today\u2019s date is 2026\/11\/22.)" + padding + "\"";
    const auto plain =
        amend(R"({"model":"m","messages":[{"role":"user","content":)" + escaped + "}]}", {.normalise = markers});
    ASSERT_TRUE(plain);
    EXPECT_EQ(*plain,
              R"({"model":"m","messages":[{"role":"user","content":"Today's date is 2026-11-22.)" + padding + "\"}]}");
    const auto half =
        amend(R"({"model":"m","messages":[{"role":"user","content":"a\ud83d b"}]})", {.normalise = markers});
    ASSERT_TRUE(half);
    EXPECT_EQ(*half, "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"a\uFFFD b\"}]}");
}

// What looks like a quotation mark must not end the JSON that a tool's arguments are.
TEST_F(AmenderTest, ArgumentsStayTheJsonThatTheyAre) {
    const std::string arguments = "{\"path\": \"a\uFF02, \uFF3C \uFF02b\"}";
    const std::string body = R"({"model":"m","messages":[{"role":"user","content":[{"type":"text","arguments":)" +
                             json_text(arguments) + "}]}]}";
    const auto made = amend(body, {.normalise = markers});
    ASSERT_TRUE(made) << made.error().message;
    Buffer raw;
    raw.append(*made);
    json::Document document;
    ASSERT_TRUE(document.parse(raw.view()));
    const auto at = made->find("{\\\"path");
    ASSERT_NE(at, std::string::npos);
    std::string inner;
    json::unescape(std::string_view(*made).substr(at, made->find("}\"", at) + 1 - at), inner);
    Buffer inside;
    inside.append(inner);
    json::Document nested;
    ASSERT_TRUE(nested.parse(inside.view())) << inner;
    EXPECT_EQ(nested.nodes().size(), 2u) << inner;
}

TEST_F(AmenderTest, WhatIsRedactedOrCannotBeReadIsNotNormalised) {
    const std::string hidden_in_secret = "password = \"hunt\u200Ber2hunter2\u200B4711\"";
    const auto both = amend(talk({hidden_in_secret}), {.redact = secrets, .normalise = markers});
    ASSERT_TRUE(both);
    EXPECT_EQ(both->find("\u200B"), std::string::npos) << *both;
    const auto in_name = amend("{\"model\":\"m\",\"me\u200Bta\u200B\":\"x\",\"messages\":[]}", {.normalise = markers});
    ASSERT_FALSE(in_name);
    EXPECT_NE(in_name.error().message.find("zero-width"), std::string::npos) << in_name.error().message;
}

} // namespace
} // namespace sallyport::content
