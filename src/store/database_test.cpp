#include "store/database.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sys/stat.h>

namespace sallyport::store {
namespace {

class DatabaseTest : public testing::Test {
protected:
    DatabaseTest() {
        std::string name = testing::TempDir() + "database_XXXXXX";
        folder_ = ::mkdtemp(name.data());
        file_ = folder_ / "a.db";
    }
    ~DatabaseTest() override { std::filesystem::remove_all(folder_); }

    std::filesystem::path folder_, file_;
    static constexpr std::array first = {"CREATE TABLE a (x INTEGER, y TEXT, z BLOB) STRICT;"};
    static constexpr std::array second = {first[0], "ALTER TABLE a ADD COLUMN w INTEGER NOT NULL DEFAULT 7;"};
};

TEST_F(DatabaseTest, BindsValuesAndGivesThemBack) {
    auto db = Database::open(file_, 1, first);
    ASSERT_TRUE(db) << db.error().message;
    const std::string odd("quote ' \" ; DROP TABLE a; -- \0 end", 33);
    ASSERT_TRUE(
        db->prepare("INSERT INTO a VALUES (?, ?, ?)")->bind(1, 42).bind(2, odd).bind_blob(3, std::string_view()).run());
    auto rows = db->prepare("SELECT x, y, z FROM a WHERE y = ?");
    rows->bind(1, odd);
    ASSERT_TRUE(*rows->step());
    EXPECT_EQ(rows->number(0), 42);
    EXPECT_EQ(rows->text(1), odd);
    EXPECT_FALSE(rows->null(2));
    EXPECT_EQ(rows->blob(2), "");
    EXPECT_FALSE(*rows->step());
}

TEST_F(DatabaseTest, IsReadableByItsOwnerOnly) {
    auto db = Database::open(file_, 1, first);
    ASSERT_TRUE(db);
    for (const auto& item : std::filesystem::directory_iterator(folder_)) {
        struct stat status{};
        ASSERT_EQ(::stat(item.path().c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 0777, 0600u) << item.path();
    }
}

TEST_F(DatabaseTest, MigratesAnOlderFileAndRefusesANewerOne) {
    {
        auto db = Database::open(file_, 1, first);
        ASSERT_TRUE(db->execute("INSERT INTO a (x) VALUES (1)"));
    }
    {
        auto db = Database::open(file_, 1, second);
        ASSERT_TRUE(db) << db.error().message;
        auto row = db->prepare("SELECT w FROM a");
        ASSERT_TRUE(*row->step());
        EXPECT_EQ(row->number(0), 7);
    }
    const auto older_program = Database::open(file_, 1, first);
    ASSERT_FALSE(older_program);
    EXPECT_NE(older_program.error().message.find("newer version"), std::string::npos);
    EXPECT_NE(older_program.error().message.find(file_.string()), std::string::npos);
}

TEST_F(DatabaseTest, RefusesAFileOfAnotherPurposeOrNoDatabase) {
    {
        ASSERT_TRUE(Database::open(file_, 1, first));
    }
    const auto other = Database::open(file_, 2, first);
    ASSERT_FALSE(other);
    EXPECT_NE(other.error().message.find("another program or purpose"), std::string::npos);
    std::ofstream(folder_ / "text") << std::string(4096, 'x');
    const auto text = Database::open(folder_ / "text", 1, first);
    ASSERT_FALSE(text);
    EXPECT_NE(text.error().message.find("not a database"), std::string::npos) << text.error().message;
    EXPECT_FALSE(Database::open(folder_ / "no" / "where.db", 1, first));
}

TEST_F(DatabaseTest, RollsATransactionBackThatWasNotCommitted) {
    auto db = Database::open(file_, 1, first);
    {
        auto transaction = Transaction::begin(*db);
        ASSERT_TRUE(db->execute("INSERT INTO a (x) VALUES (1)"));
    }
    {
        auto transaction = Transaction::begin(*db);
        ASSERT_TRUE(db->execute("INSERT INTO a (x) VALUES (2)"));
        ASSERT_TRUE(transaction->commit());
    }
    auto rows = db->prepare("SELECT x FROM a");
    ASSERT_TRUE(*rows->step());
    EXPECT_EQ(rows->number(0), 2);
    EXPECT_FALSE(*rows->step());
}

TEST_F(DatabaseTest, SeesThatAnotherConnectionHasWritten) {
    auto mine = Database::open(file_, 1, first);
    auto other = Database::open(file_, 1, first);
    const auto before = *mine->foreign_changes();
    EXPECT_EQ(*mine->foreign_changes(), before);
    ASSERT_TRUE(other->execute("INSERT INTO a (x) VALUES (1)"));
    EXPECT_NE(*mine->foreign_changes(), before);
}

TEST_F(DatabaseTest, SaysWhatAndWhereWhenACommandFails) {
    auto db = Database::open(file_, 1, first);
    const auto wrong_type = db->prepare("INSERT INTO a (x) VALUES (?)")->bind(1, std::string_view("text")).run();
    ASSERT_FALSE(wrong_type);
    EXPECT_NE(wrong_type.error().message.find("cannot write " + file_.string()), std::string::npos)
        << wrong_type.error().message;
    EXPECT_FALSE(db->prepare("SELECT nothing FROM nowhere"));
    EXPECT_FALSE(db->prepare("SELECT 1")->bind(1, 1).run());
}

} // namespace
} // namespace sallyport::store
