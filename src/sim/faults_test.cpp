#include "sim/faults.h"

#include "http/coding.h"
#include "sim/directive.h"
#include "sim/shape.h"

#include <gtest/gtest.h>

namespace sallyport::sim {
namespace {

Fault fault(std::string_view spec) {
    const Result<Fault> parsed = parse_fault(spec);
    EXPECT_TRUE(parsed) << parsed.error().message;
    return parsed ? *parsed : Fault{};
}

std::string mistake(std::string_view spec) {
    const Result<Fault> parsed = parse_fault(spec);
    EXPECT_FALSE(parsed) << spec;
    return parsed ? std::string() : parsed.error().message;
}

Composed five_events() {
    Composed composed;
    for (const std::string_view event :
         {"data: one\n\n", "data: zwölf\n\n", "data: three\n\n", "data: four\n\n", "data: end\n\n"}) {
        composed.bytes += event;
        composed.ends.push_back(composed.bytes.size());
    }
    composed.closing = 4;
    return composed;
}

TEST(Fault, WordsCombine) {
    const Fault read = fault("status=429, retry-after=2,first=3,rate=0.5");
    EXPECT_EQ(read.status, 429);
    EXPECT_EQ(read.retry_after_s, 2);
    EXPECT_EQ(read.first, 3u);
    EXPECT_EQ(read.rate, 0.5);
    EXPECT_EQ(fault("cut").end, Fault::End::cut);
    EXPECT_EQ(fault("ping").ping_ms, 1000);
    EXPECT_EQ(fault("ping=5").ping_ms, 5);
    EXPECT_EQ(fault("drip=0,gzip").drip_ms, 0);
    EXPECT_FALSE(fault("drip=0").harmless());
    EXPECT_TRUE(fault("first=1").harmless());
}

TEST(Fault, MistakesAreNamed) {
    EXPECT_EQ(mistake("ctu"), "fault 'ctu': 'ctu' is not known; did you mean 'cut'?");
    EXPECT_NE(mistake("cut,reset").find("one way only"), std::string::npos);
    EXPECT_NE(mistake("stall=soon").find("stall wants a number"), std::string::npos);
    EXPECT_NE(mistake("status=99").find("from 200 to 599"), std::string::npos);
    EXPECT_NE(mistake("retry-after=2").find("status=N"), std::string::npos);
    EXPECT_NE(mistake("cut=3").find("takes a value"), std::string::npos);
    EXPECT_NE(mistake("hang=3").find("takes no value"), std::string::npos);
    mistake("");
    mistake("cut,");
    mistake("before-head");
    mistake("wrong-length,cut");
    mistake("wrong-length,short-length");
}

TEST(Fault, StrikesByNumberKindAndSeed) {
    EXPECT_TRUE(strikes(fault("cut,first=2"), 2, true, 1));
    EXPECT_FALSE(strikes(fault("cut,first=2"), 3, true, 1));
    EXPECT_FALSE(strikes(fault("cut,streaming"), 1, false, 1));
    const Fault half = fault("cut,rate=0.5");
    int struck = 0;
    int differently = 0;
    for (std::uint64_t call = 1; call <= 10'000; ++call) {
        EXPECT_EQ(strikes(half, call, true, 7), strikes(half, call, true, 7));
        struck += strikes(half, call, true, 7);
        differently += strikes(half, call, true, 7) != strikes(half, call, true, 8);
    }
    EXPECT_NEAR(struck, 5'000, 300);
    EXPECT_GT(differently, 4'000);
    EXPECT_FALSE(strikes(fault("cut,rate=0"), 1, true, 1));
}

TEST(Shape, BreaksAnAnswerWhereTheFaultSays) {
    const Composed answer = five_events();
    EXPECT_EQ(shape(answer, true, fault("early-end"), "").events.bytes, answer.range(0, 4));
    EXPECT_TRUE(shape(answer, true, fault("early-end"), "").finishes);
    EXPECT_EQ(shape(answer, true, fault("error-event"), "E").events.bytes, std::string(answer.range(0, 2)) + "E");
    const Shaped cut = shape(answer, true, fault("cut"), "");
    EXPECT_FALSE(cut.finishes);
    EXPECT_EQ(cut.events.bytes, std::string(answer.range(0, 2)) + "data: ");
    // What does not stream has no events to leave out.
    EXPECT_EQ(shape(whole("body"), false, fault("early-end"), "").events.bytes, "body");
    EXPECT_EQ(shape(whole("body"), false, fault("error-event"), "E").events.bytes, "body");
}

TEST(Shape, GzipDecodesToTheSameAndIsWholeOnlyWhereTheAnswerIs) {
    for (const std::string_view spec : {"gzip", "gzip,cut"}) {
        const Shaped shaped = shape(five_events(), true, fault(spec), "");
        const auto decoder = http::make_decoder("gzip", ErrorSource::upstream);
        ASSERT_TRUE(decoder);
        Buffer decoded;
        for (std::size_t i = 0; i < shaped.events.count(); ++i) {
            const std::size_t before = decoded.size();
            ASSERT_TRUE(decoder->decode(shaped.events.range(i, i + 1), decoded, 1 << 20));
            EXPECT_GT(decoded.size(), before) << "an event must not wait for the next";
        }
        EXPECT_EQ(decoder->finished(), shaped.finishes);
        EXPECT_TRUE(five_events().bytes.starts_with(decoded.view()));
    }
    // Longer than one stored block.
    const std::string big(200'000, 'z');
    const Shaped shaped = shape(whole(big), false, fault("gzip"), "");
    Buffer decoded;
    const auto decoder = http::make_decoder("gzip", ErrorSource::upstream);
    ASSERT_TRUE(decoder->decode(shaped.events.bytes, decoded, 1 << 20));
    EXPECT_TRUE(decoder->finished());
    EXPECT_EQ(decoded.view(), big);
}

TEST(OddPiece, SplitsInsideCharacters) {
    const std::string text = five_events().bytes;
    std::string joined;
    bool inside_character = false;
    for (std::size_t turn = 0; joined.size() < text.size(); ++turn) {
        joined += odd_piece(std::string_view(text).substr(joined.size()), turn);
        if (joined.size() < text.size() && (static_cast<unsigned char>(text[joined.size()]) & 0xC0) == 0x80)
            inside_character = true;
    }
    EXPECT_EQ(joined, text);
    EXPECT_TRUE(inside_character);
}

TEST(Directives, AreFoundAnywhereInTheText) {
    const Result<Directives> read =
        read_directives("<x>vendor: is nice</x> \"vendor:read(a/b-c.txt) and vendor:fault(status=529,first=1)\"");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->read_file, "a/b-c.txt");
    EXPECT_EQ(read->fault, "status=529,first=1");
    const Result<Directives> events = read_directives("vendor:events(200,20) vendor:say(Grüße, Welt) vendor:text(5)");
    ASSERT_TRUE(events);
    EXPECT_EQ(events->events, 200u);
    EXPECT_EQ(events->events_per_write, 20u);
    EXPECT_EQ(events->say, "Grüße, Welt");
    EXPECT_EQ(events->text_bytes, 5u);
    EXPECT_TRUE(read_directives("vendor:say(ask for vendor:read(x)")->read_file.empty()); // an argument is not searched
}

TEST(Directives, MistakesAreNamedAndProseIsNone) {
    EXPECT_EQ(read_directives("vendor:raed(x)").error().message,
              "vendor:raed(…) is nothing this vendor does; did you mean vendor:read?");
    EXPECT_FALSE(read_directives("vendor:events(0)"));
    EXPECT_FALSE(read_directives("vendor:text(many)"));
    for (const std::string_view prose : {"vendor:", "the vendor:(x)", "vendor:read", "vendor:read(never closed",
                                         "vendor:Read(x)", "vendor:read(two words)"}) {
        const Result<Directives> read = read_directives(prose);
        ASSERT_TRUE(read) << prose;
        EXPECT_TRUE(read->read_file.empty());
    }
}

} // namespace
} // namespace sallyport::sim
