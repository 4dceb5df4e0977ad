// Documents for tests, made in memory: ZIPs by libarchive's writer, and what a hostile hand changes in them afterwards.
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::repo::fixture {

using Entries = std::vector<std::pair<std::string, std::string>>; // name, bytes

inline la_ssize_t append(archive*, void* to, const void* bytes, std::size_t size) {
    static_cast<std::string*>(to)->append(static_cast<const char*>(bytes), size);
    return static_cast<la_ssize_t>(size);
}

inline std::string zip(const Entries& entries, const char* options = "zip:compression=deflate") {
    std::string out;
    archive* const to = archive_write_new();
    archive_write_set_format_zip(to);
    archive_write_set_options(to, options);
    archive_write_set_bytes_in_last_block(to, 1);
    archive_write_set_passphrase(to, "hunter2"); // used only where the options ask for encryption
    archive_write_open(to, &out, nullptr, append, nullptr);
    for (const auto& [name, bytes] : entries) {
        archive_entry* const entry = archive_entry_new();
        archive_entry_set_pathname(entry, name.c_str());
        archive_entry_set_size(entry, static_cast<la_int64_t>(bytes.size()));
        archive_entry_set_filetype(entry, AE_IFREG);
        archive_entry_set_perm(entry, 0644);
        archive_write_header(to, entry);
        archive_write_data(to, bytes.data(), bytes.size());
        archive_entry_free(entry);
    }
    archive_write_close(to);
    archive_write_free(to);
    return out;
}

inline std::string word_xml(std::string_view body) {
    return R"(<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:document xmlns:w="w" xmlns:mc="mc"><w:body>)" +
           std::string(body) + "</w:body></w:document>";
}
inline std::string paragraph(std::string_view text) {
    return "<w:p><w:pPr><w:tabs><w:tab w:pos=\"720\"/></w:tabs></w:pPr><w:r><w:t xml:space=\"preserve\">" +
           std::string(text) + "</w:t></w:r></w:p>";
}
inline std::string docx(std::string_view body) {
    return zip({{"[Content_Types].xml", "<Types/>"}, {"word/document.xml", word_xml(body)}});
}

// One page with a line of text each, as small as a reader takes it.
inline std::string pdf(const std::vector<std::string>& lines) {
    std::string shown = "BT /F 12 Tf 14 TL 72 720 Td\n";
    for (const std::string& line : lines) shown += "(" + line + ") Tj T*\n";
    shown += "ET";
    const std::vector<std::string> objects{
        "<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        "<</Length " + std::to_string(shown.size()) + ">>stream\n" + shown + "\nendstream",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"};
    std::string out = "%PDF-1.4\n", table = "xref\n0 6\n0000000000 65535 f \n";
    for (std::size_t i = 0; i < objects.size(); ++i) {
        const std::string at = std::to_string(out.size());
        table += std::string(10 - at.size(), '0') + at + " 00000 n \n";
        out += std::to_string(i + 1) + " 0 obj\n" + objects[i] + "\nendobj\n";
    }
    const std::string at = std::to_string(out.size());
    return out + table + "trailer<</Size 6/Root 1 0 R>>\nstartxref\n" + at + "\n%%EOF\n";
}

} // namespace sallyport::repo::fixture
