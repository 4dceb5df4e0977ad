#include "repo/document_text.h"

#include "base/limits.h"
#include "repo/document_fixture.h"

#include <gtest/gtest.h>

namespace sallyport::repo {
namespace {

using namespace fixture;

// What is read, or why it is left out.
std::string read(std::string_view document) {
    const auto text = text_of_document(document);
    return text ? *text : "left out: " + std::string(text.error());
}
std::string times(std::size_t count, std::string_view what) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += what;
    return out;
}

TEST(DocumentText, OfWordIsOneParagraphALine) {
    EXPECT_EQ(read(docx(paragraph("First &amp; gr\u00f6\u00dfte") + paragraph("") + paragraph("second"))),
              "First & gr\u00f6\u00dfte\nsecond\n");
    EXPECT_EQ(read(docx("<w:p><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t><w:noBreakHyphen/></w:r></w:p>")),
              "a\tb\nc-\n");
    EXPECT_EQ(read(docx("<w:tbl><w:tr><w:tc>" + paragraph("left") + "</w:tc><w:tc>" + paragraph("right") +
                        "</w:tc></w:tr></w:tbl>")),
              "left\nright\n");
}

TEST(DocumentText, OfWordIsWhatIsShownOnce) {
    EXPECT_EQ(read(docx("<w:p><w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:r><w:instrText>PAGE</w:instrText>"
                        "<w:t>here</w:t></w:r><w:moveFrom><w:r><w:t>moved</w:t></w:r></w:moveFrom></w:p>")),
              "here\n");
    EXPECT_EQ(read(docx("<w:p><w:r><w:t>around </w:t><mc:AlternateContent><mc:Choice>" + paragraph("box") +
                        "</mc:Choice><mc:Fallback>" + paragraph("box") +
                        "</mc:Fallback></mc:AlternateContent><w:t>it</w:t></w:r></w:p>")),
              "box\naround it\n");
}

TEST(DocumentText, OfWordIsInHeadersNotesAndCommentsToo) {
    const std::string document = zip({{"word/styles.xml", word_xml(paragraph("no text"))},
                                      {"word/comments.xml", word_xml(paragraph("comment"))},
                                      {"word/footnotes.xml", word_xml(paragraph("note"))},
                                      {"word/header10.xml", word_xml(paragraph("head 10"))},
                                      {"word/header2.xml", word_xml(paragraph("head 2"))},
                                      {"word/glossary/document.xml", word_xml(paragraph("block"))},
                                      {"Word/Document2.xml", word_xml(paragraph("body"))}});
    EXPECT_EQ(read(document), "body\nhead 2\nhead 10\nnote\ncomment\n");
}

TEST(DocumentText, OfExcelIsOneRowALine) {
    const std::string strings =
        R"(<x:sst xmlns:x="x"><x:si><x:t>name</x:t></x:si><x:si><x:r><x:t>in </x:t></x:r><x:r><x:t>runs</x:t></x:r>)"
        R"(<x:rPh><x:t>aloud</x:t></x:rPh></x:si></x:sst>)";
    const std::string sheet =
        R"(<worksheet><sheetData><row r="1"><c t="s"><v>0</v></c><c/><c t="s"><v>1</v></c></row><row/>)"
        R"(<row><c><f>SUM(A1)</f><v>12.5</v></c><c t="inlineStr"><is><t>inline</t></is></c><c t="s"><v>9</v></c></row></sheetData></worksheet>)";
    EXPECT_EQ(read(zip({{"xl/worksheets/sheet2.xml", "<worksheet><row><c><v>2</v></c></row></worksheet>"},
                        {"xl/worksheets/sheet1.xml", sheet},
                        {"xl/comments/comment2.xml", "<comments><text><t>twice</t></text></comments>"},
                        {"xl/comments1.xml", "<comments><comment><text><r><t>said</t></r></text></comment></comments>"},
                        {"xl/sharedStrings.xml", strings}})),
              "name\tin runs\n12.5\tinline\t\n2\nsaid\ntwice\n");
}

TEST(DocumentText, OfPowerPointIsSlidesInTheirOrderThenNotes) {
    const auto slide = [](std::string_view text) {
        return "<p:sld><a:p><a:pPr><a:tabLst><a:tab/></a:tabLst></a:pPr><a:r><a:t>" + std::string(text) +
               "</a:t></a:r><a:br/><a:r><a:t>.</a:t></a:r></a:p></p:sld>";
    };
    EXPECT_EQ(read(zip({{"ppt/notesSlides/notesSlide1.xml", slide("note")},
                        {"ppt/slides/slide10.xml", slide("ten")},
                        {"ppt/slides/slide2.xml", slide("two")},
                        {"ppt/slides/_rels/slide2.xml.rels", "<r/>"},
                        {"ppt/slideLayouts/slideLayout1.xml", slide("click here")}})),
              "two\n.\nten\n.\nnote\n.\n");
}

TEST(DocumentText, OfOpenDocumentIsParagraphsAndRows) {
    const auto odf = [](std::string_view body) {
        return zip({{"mimetype", "application/vnd.oasis.opendocument.text"},
                    {"content.xml", "<office:document-content><office:body>" + std::string(body) +
                                        "</office:body></office:document-content>"},
                    {"META-INF/manifest.xml", "<manifest:manifest/>"}});
    };
    EXPECT_EQ(
        read(odf("<office:text><text:tracked-changes><text:p>gone</text:p></text:tracked-changes>"
                 "<text:h>Head</text:h><text:p>a<text:tab/>b<text:s text:c=\"3\"/>c<text:s/><text:span>d</text:span>"
                 "<text:line-break/>e<svg:title>picture</svg:title></text:p>not in a paragraph</office:text>")),
        "Head\na\tb   c d\ne\n");
    EXPECT_EQ(read(odf("<office:text><text:p>with<text:note><text:note-body><text:p>note</text:p></text:note-body>"
                       "</text:note> it</text:p></office:text>")),
              "note\nwith it\n");
    EXPECT_EQ(read(odf("<office:spreadsheet><table:table><table:table-row><table:table-cell><text:p>a</text:p>"
                       "</table:table-cell><table:table-cell><text:p>b</text:p></table:table-cell></table:table-row>"
                       "<table:table-row/><table:table-row><table:table-cell><text:p>c</text:p></table:table-cell>"
                       "</table:table-row></table:table></office:spreadsheet>")),
              "a\tb\nc\n");
}

TEST(DocumentText, IsFoundByContentWhateverTheName) {
    EXPECT_TRUE(may_be_document(docx("")));
    EXPECT_FALSE(may_be_document("PK, a text"));
    EXPECT_FALSE(may_be_document(""));
    EXPECT_EQ(read(zip({{"a.txt", "no document"}, {"META-INF/manifest.xml", "<m/>"}})), "left out: binary");
    EXPECT_EQ(read("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 an old one"), "left out: binary");
    EXPECT_EQ(read(docx("<w:p/>")), "left out: no text in it");
    std::string converted;
    EXPECT_EQ(text_to_index(docx(paragraph("text")), converted), "text\n");
    EXPECT_EQ(text_to_index("text", converted), "text");
    EXPECT_EQ(text_to_index("", converted).error(), "empty");
    EXPECT_EQ(text_to_index(std::string_view("a\0b", 3), converted).error(), "binary");
    EXPECT_EQ(text_to_index(std::string(limits::index_document_bytes_max + 1, '\n'), converted).error(), "too large");
}

TEST(DocumentText, AnEncryptedOneIsToldAsSuch) {
    EXPECT_EQ(read(zip({{"word/document.xml", word_xml(paragraph("x"))}}, "zip:encryption=zipcrypt")),
              "left out: encrypted");
    EXPECT_EQ(read(zip({{"content.xml", "\x01\x02"},
                        {"META-INF/manifest.xml",
                         "<m:manifest><m:file-entry><m:encryption-data/></m:file-entry></m:manifest>"}})),
              "left out: encrypted");
    const std::string_view name("E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0", 32);
    EXPECT_EQ(read("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 an old container with " + std::string(name)),
              "left out: encrypted");
}

TEST(DocumentText, ABombIsTooLarge) {
    const std::string zeros = "<w:p>" + std::string(100u << 20, ' ') + "</w:p>";
    EXPECT_EQ(read(docx(zeros)), "left out: too large");
    EXPECT_EQ(read(docx(std::string_view(zeros).substr(0, 20u << 20))), "left out: too large") << "by its ratio";
    Entries many;
    for (std::size_t i = 0; i <= limits::document_entries_max; ++i) many.emplace_back("x" + std::to_string(i), "");
    EXPECT_EQ(read(zip(many)), "left out: too large");
    // One long string that many cells name.
    const std::string string = "<sst><si><t>" + std::string(1u << 20, 'x') + "</t></si></sst>";
    EXPECT_EQ(read(zip({{"xl/sharedStrings.xml", string},
                        {"xl/worksheets/s.xml", "<s>" + times(17, "<row><c t=\"s\"><v>0</v></c></row>") + "</s>"},
                        {"xl/media/picture", std::string(1u << 20, 'y')}})),
              "left out: too large");
}

TEST(DocumentText, NothingIsDeclaredInIt) {
    for (const std::string_view type :
         {R"(<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><d><p><t>&b;</t></p></d>)",
          R"(<!DOCTYPE d SYSTEM "file:///etc/passwd"><d><p><t>x</t></p></d>)",
          R"(<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]><d><p><t>&a;</t></p></d>)",
          R"(<!DOCTYPE d><d><p><t>x</t></p></d>)"})
        EXPECT_EQ(read(zip({{"word/document.xml", std::string(type)}})), "left out: damaged document") << type;
}

TEST(DocumentText, TooDeepIsLeftOut) {
    EXPECT_EQ(read(docx(times(200, "<w:p>") + "<w:t>x</w:t>" + times(200, "</w:p>"))), "x\n");
    EXPECT_EQ(read(docx(times(10'000, "<w:p>") + times(10'000, "</w:p>"))), "left out: too deep a document");
    EXPECT_EQ(read(docx(times(10'000, "<w:p>"))), "left out: too deep a document");
}

TEST(DocumentText, NamesAreComparedAndNeverFollowed) {
    EXPECT_EQ(read(zip({{"../word/document.xml", word_xml(paragraph("above"))},
                        {"/word/document.xml", word_xml(paragraph("root"))},
                        {"word/../word/document.xml", word_xml(paragraph("around"))}})),
              "left out: binary");
    EXPECT_EQ(read(zip({{"../../tmp/x", "x"},
                        {"word/media/\u00fc.png", "x"},
                        {"word/document.xml", word_xml(paragraph("body"))}})),
              "body\n");
    EXPECT_EQ(read(zip({{"word/document.xml", word_xml(paragraph("one"))},
                        {"word/document.xml", word_xml(paragraph("other"))}})),
              "one\nother\n")
        << "programs differ in which they show";
}

TEST(DocumentText, CutOffAnywhereItIsDamaged) {
    const std::string whole = zip({{"[Content_Types].xml", "<Types/>"},
                                   {"word/document.xml", word_xml(paragraph("text"))},
                                   {"word/media/picture.png", std::string(300, 'p')}});
    for (std::size_t size = 0; size < whole.size(); size += 7) {
        const std::string_view part = std::string_view(whole).substr(0, size);
        EXPECT_EQ(may_be_document(part), size >= 4);
        if (size >= 4) {
            EXPECT_EQ(read(part), "left out: damaged document") << size;
        }
    }
}

TEST(DocumentText, AChangedByteIsNoticedOrHarmless) {
    const std::string whole = docx(paragraph("text"));
    for (std::size_t at = 4; at < whole.size(); ++at) {
        std::string changed = whole;
        changed[at] = static_cast<char>(~changed[at]);
        const std::string found = read(changed);
        EXPECT_TRUE(found == "text\n" || found.starts_with("left out: ")) << at << ": " << found;
    }
}

TEST(DocumentText, BrokenMarkupIsDamaged) {
    for (const std::string_view xml : {"", "<p>", "no markup", "<p></q>", "<p><t>\xff</t></p>", "<p/><p/>"})
        EXPECT_EQ(read(zip({{"word/document.xml", std::string(xml)}})), "left out: damaged document") << xml;
}

TEST(DocumentText, OtherPackingThanOfficeDoesIsNotTried) {
    std::string odd = zip({{"word/document.xml", word_xml(paragraph("text"))}}, "zip:compression=store");
    EXPECT_EQ(read(odd), "text\n");
    constexpr char lzma = 14;
    odd[8] = lzma; // in the local header, and in the list at the end
    odd[odd.find("PK\x01\x02") + 10] = lzma;
    EXPECT_EQ(read(odd), "left out: damaged document");
}

} // namespace
} // namespace sallyport::repo
