// The corpora of the fuzz targets, through the same checks.
#include "dialect/dialect_check.h"
#include "dialect/event_check.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace sallyport::dialect {
namespace {

template <class F> std::size_t each_file(const char* folder, F check) {
    std::size_t files = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(std::string(SALLYPORT_SOURCE_DIR "/test/fuzz/corpus/") + folder)) {
        SCOPED_TRACE(entry.path().string());
        std::ifstream in(entry.path(), std::ios::binary);
        check(std::string(std::istreambuf_iterator<char>(in), {}));
        ++files;
    }
    return files;
}

TEST(Corpus, EveryRequestHolds) {
    EXPECT_GE(each_file("dialect", [](const std::string& input) { fuzz::check_dialect(input); }), 12u);
}

TEST(Corpus, EveryEventHolds) {
    EXPECT_GE(each_file("event", [](const std::string& input) { fuzz::check_event(input); }), 12u);
}

// A corpus whose requests are all refused would test little.
TEST(Corpus, MostRequestsAreReadable) {
    std::size_t readable = 0;
    const std::size_t files = each_file("dialect", [&](const std::string& input) {
        const auto endpoint = input.empty() ? std::nullopt : fuzz::endpoint_for(input[0]);
        const Buffer raw(std::string_view(input).substr(input.empty() ? 0 : 1));
        json::Document document;
        Request request;
        if (endpoint && document.parse(raw.view()) && read_request(*endpoint, document, request)) ++readable;
    });
    EXPECT_GT(readable * 2, files);
}

} // namespace
} // namespace sallyport::dialect
