#include "content/secret_scanner.h"

#include "base/limits.h"
#include "content/secret_fixture.h"

#include <gtest/gtest.h>

namespace sallyport::content {
namespace {

const std::string rule = "[[rules]]\nid = \"a\"\nregex = '''key-([0-9a-z]{4,8})\\b'''\n";

TEST(SecretScanner, TheFirstGroupThatTookPartIsTheSecret) {
    EXPECT_EQ(secrets_in(rule, "x key-abcd key-12345;"), (Secrets{"a:abcd", "a:12345"}));
    EXPECT_EQ(secrets_in("[[rules]]\nid = \"a\"\nregex = '''k(x)?(y+)'''\n", "kyy"), Secrets{"a:yy"});
    EXPECT_EQ(secrets_in("[[rules]]\nid = \"a\"\nregex = '''k(x)(y+)'''\nsecretGroup = 2\n", "kxyy"), Secrets{"a:yy"});
    EXPECT_EQ(secrets_in("[[rules]]\nid = \"a\"\nregex = '''ky+'''\n", "kyy"), Secrets{"a:kyy"});
}

TEST(SecretScanner, ARuleWithKeywordsNeedsOneOfThem) {
    const auto gated = rule + "keywords = [\"Acme\", \"globex\"]\n";
    EXPECT_EQ(secrets_in(gated, "key-abcd"), Secrets{});
    EXPECT_EQ(secrets_in(gated, "key-abcd far away: ACME"), Secrets{"a:abcd"});
    EXPECT_EQ(secrets_in(gated, "gLoBeX key-abcd"), Secrets{"a:abcd"});
}

TEST(SecretScanner, EntropyMustBeExceeded) {
    EXPECT_EQ(secrets_in(rule + "entropy = 2\n", "key-abcd key-abcde"), Secrets{"a:abcde"});
}

TEST(SecretScanner, AllowlistsOfEveryForm) {
    const auto with = [&](const std::string& list) { return rule + "[[rules.allowlists]]\n" + list; };
    EXPECT_EQ(secrets_in(with("regexes = ['^ab']"), "key-abcd key-zabc"), Secrets{"a:zabc"});
    EXPECT_EQ(secrets_in(with("regexes = ['^key-ab']"), "key-abcd"), Secrets{"a:abcd"});
    EXPECT_EQ(secrets_in(with("regexTarget = \"match\"\nregexes = ['^key-ab']"), "key-abcd key-zabc"),
              Secrets{"a:zabc"});
    EXPECT_EQ(secrets_in(with("regexTarget = \"line\"\nregexes = ['^test']"), "test key-abcd\nkey-zabc"),
              Secrets{"a:zabc"});
    EXPECT_EQ(secrets_in(with("stopwords = ['BC']"), "key-abcd key-wxyz"), Secrets{"a:wxyz"});
    EXPECT_EQ(secrets_in(with("paths = ['_test$']"), "key-abcd", "x_test"), Secrets{});
    EXPECT_EQ(secrets_in(with("paths = ['_test$']"), "key-abcd", "x"), Secrets{"a:abcd"});
    EXPECT_EQ(secrets_in(with("paths = ['.*']"), "key-abcd"), Secrets{"a:abcd"}) << "a file nobody named is in no list";
    const auto both = with("condition = \"AND\"\npaths = ['_test$']\nregexes = ['^ab']");
    EXPECT_EQ(secrets_in(both, "key-abcd key-wxyz", "x_test"), Secrets{"a:wxyz"});
    EXPECT_EQ(secrets_in(both, "key-abcd", "x"), Secrets{"a:abcd"});
    EXPECT_EQ(secrets_in("[allowlist]\nregexes = ['^ab']\n" + rule, "key-abcd key-wxyz"), Secrets{"a:wxyz"});
    EXPECT_EQ(secrets_in("[[allowlists]]\ntargetRules = ['b']\nregexes = ['^ab']\n" + rule +
                             "[[rules]]\nid = \"b\"\nregex = '''kee-([0-9a-z]{4})'''\n",
                         "key-abcd kee-abcd"),
              Secrets{"a:abcd"});
}

TEST(SecretScanner, RulesAboutFileNames) {
    EXPECT_EQ(secrets_in("[[rules]]\nid = \"p\"\npath = '''\\.p12$'''\n", "body", "x.p12"), Secrets{"p:body"});
    EXPECT_EQ(secrets_in("[[rules]]\nid = \"p\"\npath = '''\\.p12$'''\n", "body", "x.txt"), Secrets{});
    EXPECT_EQ(secrets_in(rule + "path = '''\\.env$'''\n", "key-abcd", "x.env"), Secrets{"a:abcd"});
    EXPECT_EQ(secrets_in(rule + "path = '''\\.env$'''\n", "key-abcd", ""), Secrets{});
}

TEST(SecretScanner, RequiredRulesMustBeNear) {
    const std::string other = "[[rules]]\nid = \"id\"\nregex = '''id-[0-9]'''\nskipReport = true\n";
    const auto near = rule + "[[rules.required]]\nid = \"id\"\nwithinLines = 1\n" + other;
    EXPECT_EQ(secrets_in(near, "id-1\nkey-abcd"), Secrets{"a:abcd"});
    EXPECT_EQ(secrets_in(near, "id-1\n\nkey-abcd"), Secrets{});
    EXPECT_EQ(secrets_in(near, "key-abcd"), Secrets{});
    const auto columns = rule + "[[rules.required]]\nid = \"id\"\nwithinColumns = 6\n" + other;
    EXPECT_EQ(secrets_in(columns, "id-1 key-abcd"), Secrets{});
    EXPECT_EQ(secrets_in(columns, "id-1\nkey-abcd"), Secrets{"a:abcd"});
    EXPECT_EQ(secrets_in(rule + "[[rules.required]]\nid = \"id\"\n" + other, "key-abcd\n\n\n\nid-1"),
              Secrets{"a:abcd"});
}

TEST(SecretScanner, OfOverlappingFindingsTheSurestThenTheLongestStays) {
    const std::string three = "[[rules]]\nid = \"long\"\nregex = \"[a-z]{6}-[0-9]{4}\"\n"
                              "[[rules]]\nid = \"short\"\nregex = \"[a-z]{2}-[0-9]{2}\"\n"
                              "[[rules]]\nid = \"sure\"\nregex = \"sure-[0-9]{2}\"\nconfidence = \"high\"\n";
    EXPECT_EQ(secrets_in(three, "abcdef-1234 ab-12"), (Secrets{"long:abcdef-1234", "short:ab-12"}));
    EXPECT_EQ(secrets_in(three, "insure-1234"), Secrets{"sure:sure-12"});
}

TEST(SecretScanner, VeryManyFindingsCostNoMoreEach) {
    std::string text;
    for (int i = 0; i < 200'000; ++i) text += i % 3 == 0 ? "key-abcdef " : "key-abcd ";
    SecretScanner scanner(rules_of(rule));
    std::vector<Found> found;
    scanner.scan(text, "", found);
    EXPECT_EQ(found.size(), 200'000u);
}

TEST(SecretScanner, AChecksumThatFailsMakesATokenUnlikely) {
    SecretScanner scanner(built_in_rules());
    std::vector<Found> found;
    const auto confidence_of = [&](const std::string& token) {
        scanner.scan("push with " + token + " now", "", found);
        return found.size() == 1 ? found[0].confidence : Confidence::medium;
    };
    const std::string body = "_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq1";
    EXPECT_EQ(confidence_of("ghp" + body + "7"), Confidence::high);
    EXPECT_EQ(confidence_of("ghp" + body + "8"), Confidence::low);
}

// Base64 of no meaning, so long that no bounded expression could span it.
std::string key_lines(std::size_t lines, std::string_view line_end) {
    std::string text;
    std::uint32_t state = 7;
    for (std::size_t i = 0; i < lines; ++i) {
        for (int c = 0; c < 64; ++c) {
            state = state * 1664525 + 1013904223;
            text += "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[state >> 26];
        }
        text += line_end;
    }
    return text;
}

TEST(SecretScanner, KeysOfAnyLengthAreFoundToTheirEnd) {
    SecretScanner scanner(built_in_rules());
    const std::string dashes(5, '-');
    for (const std::string line_end : {"\n", "\r\n", "\\n"})
        for (const std::size_t lines : {1u, 50u, 5'000u}) {
            std::string key = dashes;
            key += "BEGIN RSA PRIVATE KEY";
            key.append(dashes).append(line_end).append(key_lines(lines, line_end)).append(dashes);
            key.append("END RSA PRIVATE KEY").append(dashes);
            EXPECT_TRUE(secrets_in(scanner, "a " + key + "\nb") == Secrets{"private-key:" + key}) << lines;
        }
    const auto putty = "PuTTY-User-Key-File-3: ssh-ed25519\r\nEncryption: none\r\nComment: x\r\nPublic-Lines: 1\r\n" +
                       key_lines(1, "\r\n") + "Private-Lines: 900\r\n" + key_lines(900, "\r\n") +
                       "Private-MAC: 0123456789012345678901234567890123456789abcdefabcdefabcdefabcdef";
    EXPECT_TRUE(secrets_in(scanner, putty + "\r\n") == Secrets{"putty-private-key:" + putty});
    const auto cut = dashes + "BEGIN OPENSSH PRIVATE KEY" + dashes + "\n" + key_lines(20, "\n");
    EXPECT_EQ(secrets_in(scanner, cut + "...").size(), 1u) << "the end is not in the text";
}

TEST(SecretScanner, WhereverItStands) {
    SecretScanner scanner(built_in_rules());
    const std::string token = std::string("ghp") + "_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17";
    const Secrets expected{"github-personal-token:" + token};
    EXPECT_EQ(secrets_in(scanner, token), expected);
    EXPECT_EQ(secrets_in(scanner, "\r\n" + token + "\r\n"), expected);
    EXPECT_EQ(secrets_in(scanner, "a\\n" + token + "\\n"), expected);
    EXPECT_EQ(secrets_in(scanner, std::string(3, '\0') + token + '\0'), expected);
    const std::string filler(1u << 20, 'x');
    EXPECT_EQ(secrets_in(scanner, filler + " " + token), expected);
    EXPECT_EQ(secrets_in(scanner, token + " " + filler), expected);
    EXPECT_EQ(secrets_in(scanner, ""), Secrets{});
}

TEST(SecretScanner, ATextBeyondTheLimitIsSaidToBeUninspected) {
    SecretScanner scanner(rules_of(rule));
    const std::string text(limits::scanned_text_bytes_max + 1, ' ');
    std::vector<Found> found;
    scanner.scan(text, "", found);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].kind, FindingKind::uninspected);
    EXPECT_EQ(found[0].end, text.size());
}

TEST(SecretScanner, SilentOnWhatOnlyLooksRandom) {
    SecretScanner scanner(built_in_rules());
    for (const auto* text :
         {"\"integrity\": \"sha512-v2kDEe57lecTulaDIuNTPy3Ry4gLGJ6Z1O3vE1krgXZNrsQ+LFTGHVxVjcXPs17LhbZVGedA==\"",
          "commit 3e7d656a1b2c3d4e5f60718293a4b5c6d7e8f901", "id: 550e8400-e29b-41d4-a716-446655440000",
          "checksum = \"d8d5f2a1c9e04b7f8a6b5c4d3e2f10918273645546372819aabbccddeeff0011\"",
          "src=\"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4/8/ggg==\"",
          "!function(e,t){\"object\"==typeof exports?module.exports=t():e.token=t()}(this,function(){return n(123)})",
          "password: z.string().min(8)", "const token = await getToken(request);",
          "secretKeyRef: { name: db, key: password }", "api_key=os.environ[\"API_KEY\"]",
          "PASSWORD=\"$(cat /run/secrets/db)\"", "token_type: \"bearer_token_v2\"", "https://example.com/a:b@c",
          "Authorization: Bearer <token>", "password_field = \"id_password_confirm\""})
        EXPECT_EQ(secrets_in(scanner, text), Secrets{}) << text;
}

} // namespace
} // namespace sallyport::content
