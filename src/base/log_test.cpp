#include "base/log.h"

#include <gtest/gtest.h>

#include <regex>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace sallyport {
namespace {

std::string escaped(std::string_view text) {
    std::string out;
    append_json_escaped(out, text);
    return out;
}

TEST(JsonEscape, LeavesTextAloneAndEscapesWhatJsonCannotHold) {
    EXPECT_EQ(escaped("plain text, 'quotes' and /slashes/"), "plain text, 'quotes' and /slashes/");
    EXPECT_EQ(escaped("a\"b\\c\nd\re\tf\bg\fh"), R"(a\"b\\c\nd\re\tf\bg\fh)");
    EXPECT_EQ(escaped(std::string_view("\0\x01\x1F\x7F", 4)), "\\u0000\\u0001\\u001f\x7F");
    EXPECT_EQ(escaped("gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x94\x91"),
              "gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x94\x91");
    std::string grows = "kept ";
    append_json_escaped(grows, "\n");
    EXPECT_EQ(grows, "kept \\n");
}

// RFC 3629: one replacement per byte that begins no well-formed sequence.
TEST(JsonEscape, ReplacesInvalidUtf8) {
    const std::string r = "\xEF\xBF\xBD";
    const std::pair<std::string, std::string> table[] = {
        {"\xFF", r},
        {"\x80", r}, // a continuation alone
        {"\xC3", r}, // cut off
        {"\xC3(", r + "("},
        {"\xC0\xAF", r + r}, // overlong '/'
        {"\xC1\xBF", r + r},
        {"\xE0\x80\xAF", r + r + r},      // overlong
        {"\xE0\xA0\x80", "\xE0\xA0\x80"}, // the first that needs three
        {"\xED\xA0\x80", r + r + r},      // a surrogate
        {"\xED\x9F\xBF", "\xED\x9F\xBF"},
        {"\xE2\x82", r + r},                 // cut off after two of three
        {"\xE2\x82\"", r + r + "\\\""},      // the quote is not swallowed
        {"\xF0\x80\x80\xAF", r + r + r + r}, // overlong
        {"\xF0\x90\x80\x80", "\xF0\x90\x80\x80"},
        {"\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF"}, // the last code point
        {"\xF4\x90\x80\x80", r + r + r + r},      // beyond it
        {"\xF5\x80\x80\x80", r + r + r + r},
        {"a\xC3\n", "a" + r + "\\n"},
    };
    for (const auto& [bytes, expected] : table) EXPECT_EQ(escaped(bytes), expected);
}

class Pipe {
public:
    Pipe() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends_), 0); } // one packet per write(2)
    ~Pipe() {
        close_writer();
        ::close(ends_[0]);
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    int writer() const { return ends_[1]; }
    void close_writer() {
        if (ends_[1] >= 0) ::close(ends_[1]);
        ends_[1] = -1;
    }
    std::string packet() {
        char bytes[4096];
        const ssize_t count = ::recv(ends_[0], bytes, sizeof bytes, 0);
        return count > 0 ? std::string(bytes, static_cast<std::size_t>(count)) : std::string();
    }

private:
    int ends_[2] = {-1, -1};
};

TEST(Log, WritesOneJsonObjectPerLineInOneWrite) {
    Pipe pipe;
    const Log log(pipe.writer());
    log.warning("attempt.failed", {{"why", "a \"quoted\"\nline \xFF"}, {"status", 502}, {"empty", ""}, {"less", -1}});
    const std::string line = pipe.packet();
    const std::regex expected(
        R"(\{"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z","level":"warning","event":"attempt\.failed",)"
        "\"why\":\"a \\\\\"quoted\\\\\"\\\\nline \xEF\xBF\xBD\",\"status\":502,\"empty\":\"\",\"less\":-1\\}\n");
    EXPECT_TRUE(std::regex_match(line, expected)) << line;
}

TEST(Log, LeavesOutWhatIsBelowItsLevel) {
    Pipe pipe;
    const Log log(pipe.writer(), LogLevel::warning);
    log.info("quiet");
    log.write(LogLevel::debug, "quieter");
    log.error("loud");
    log.warning("last");
    EXPECT_NE(pipe.packet().find("\"level\":\"error\",\"event\":\"loud\"}"), std::string::npos);
    EXPECT_NE(pipe.packet().find("\"event\":\"last\"}"), std::string::npos);
    pipe.close_writer();
    EXPECT_EQ(pipe.packet(), "");
}

TEST(Log, KeepsLinesOfSeveralThreadsApart) {
    constexpr int threads = 4, lines = 50;
    Pipe pipe;
    const Log log(pipe.writer());
    std::vector<std::thread> writers;
    for (int t = 0; t < threads; ++t)
        writers.emplace_back([&log] {
            for (int i = 0; i < lines; ++i) log.info("event", {{"text", std::string(200, 'x')}});
        });
    for (int i = 0; i < threads * lines; ++i) {
        const std::string line = pipe.packet();
        EXPECT_TRUE(line.starts_with("{\"time\":") && line.ends_with("}\n")) << line;
        EXPECT_EQ(line.find('\n'), line.size() - 1);
    }
    for (std::thread& writer : writers) writer.join();
}

} // namespace
} // namespace sallyport
