#include "repo/pdf_text.h"

#include "repo/document_fixture.h"
#include "repo/document_text.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace sallyport::repo {
namespace {

namespace fs = std::filesystem;

// A stand-in for pdftotext.
class Script {
public:
    explicit Script(const std::string& lines) {
        std::ofstream(path_) << "#!/bin/sh\n" << lines << '\n';
        fs::permissions(path_, fs::perms::all);
    }
    ~Script() { fs::remove(path_); }
    Script(const Script&) = delete;
    Script& operator=(const Script&) = delete;
    const char* path() const { return path_.c_str(); }

private:
    fs::path path_ = fs::temp_directory_path() / ("sallyport-pdf-" + std::to_string(::getpid()));
};

TEST(PdfText, IsReadLineByLine) {
    const auto text = text_of_document(fixture::pdf({"The first line of it", "and the second"}));
    ASSERT_TRUE(text) << text.error();
    EXPECT_TRUE(text->starts_with("The first line of it\nand the second\n")) << *text;
    EXPECT_EQ(text_of_document(fixture::pdf({})).error(), "no text in it");
}

TEST(PdfText, ColumnsAreNotMixed) {
    // After its second line the pen goes up a line and to the right.
    const auto text = text_of_pdf(fixture::pdf({"left one", "left two) Tj 250 14 Td (right one", "right two"}));
    ASSERT_TRUE(text) << text.error();
    EXPECT_TRUE(text->starts_with("left one\nleft two\nright one\nright two\n")) << *text;
}

TEST(PdfText, WhatCannotBeReadHasItsReason) {
    EXPECT_EQ(text_of_pdf("%PDF-1.4\nnothing").error(), "damaged document");
    std::string locked = fixture::pdf({"text"});
    locked.replace(locked.find("/Root 1 0 R"), 11,
                   "/Root 1 0 R/ID[<00><00>]/Encrypt<</Filter/Standard/V 1/R 2/P -4/O(" + std::string(32, 'o') +
                       ")/U(" + std::string(32, 'u') + ")>>");
    EXPECT_EQ(text_of_pdf(locked).error(), "encrypted");
    EXPECT_EQ(text_of_pdf("%PDF-", "/nowhere/pdftotext").error(), "pdftotext is not installed");
    EXPECT_EQ(text_of_pdf("%PDF-", "/").error(), "pdftotext cannot be run");
}

TEST(PdfText, TheProgramGetsTheBytesAndNothingElse) {
    const Script script(
        "/usr/bin/env; pwd; cat; ls /proc/self/fd | wc -l; (echo x > /dev/shm/sallyport-written) || echo refused");
    ::setenv("SALLYPORT_TOLD", "secret", 1);
    const auto text = text_of_pdf("%PDF-bytes\n", script.path());
    ASSERT_TRUE(text) << text.error();
    EXPECT_EQ(text->find("SALLYPORT"), std::string::npos) << *text;
    EXPECT_NE(text->find("%PDF-bytes\n4\n"), std::string::npos) << *text; // its three and the folder
    EXPECT_FALSE(fs::exists("/dev/shm/sallyport-written") && fs::file_size("/dev/shm/sallyport-written") > 0);
    fs::remove("/dev/shm/sallyport-written");
}

TEST(PdfText, ItIsEndedAtItsLimits) {
    EXPECT_EQ(text_of_pdf("%PDF-", Script("exec yes").path()).error(), "too large");
    EXPECT_EQ(text_of_pdf("%PDF-", Script("exec sleep 600").path(), 100).error(), "takes too long");
    EXPECT_EQ(text_of_pdf("%PDF-", Script("exec >&-; exec sleep 600").path(), 100).error(), "takes too long");
    EXPECT_EQ(text_of_pdf("%PDF-", Script("kill -SEGV $$").path()).error(), "damaged document");
    EXPECT_EQ(text_of_pdf("%PDF-", Script("exit 3").path()).error(), "damaged document");
}

} // namespace
} // namespace sallyport::repo
