#include "repo/licence.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace sallyport::repo {
namespace {

std::string noticed(std::string_view text) {
    const auto notice = notice_of(text);
    if (!notice) return "none";
    return std::to_string(notice->line) + " " + std::string(notice->phrase) + (notice->is_trade_secret ? " !" : "");
}

TEST(Licence, OfTheProgramsOwnTextsIsKnown) {
    for (const auto& [file, name] :
         std::initializer_list<std::pair<std::string_view, std::string_view>>{{"Apache-2.0.txt", "Apache-2.0"},
                                                                              {"Artistic.txt", "Artistic"},
                                                                              {"BSD.txt", "BSD"},
                                                                              {"CC0-1.0.txt", "CC0-1.0"},
                                                                              {"EPL-1.0.txt", "EPL"},
                                                                              {"GPL-2.txt", "GPL"},
                                                                              {"GPL-3.txt", "GPL"},
                                                                              {"LGPL-2.1.txt", "LGPL"},
                                                                              {"LGPL-3.txt", "LGPL"},
                                                                              {"MPL-2.0.txt", "MPL"}}) {
        std::stringstream text;
        text << std::ifstream(std::filesystem::path(SALLYPORT_SOURCE_DIR) / "src/content/common_texts" / file).rdbuf();
        const auto licence = licence_of(text.str());
        ASSERT_TRUE(licence) << file;
        EXPECT_TRUE(licence->is_open) << file;
        EXPECT_EQ(licence->name, name) << file;
    }
}

TEST(Licence, ThatTakesBackWhatAnotherGivesIsNotOpen) {
    const auto licence = licence_of("\"Commons Clause\" License Condition v1.0\n\nApache License, Version 2.0\n");
    ASSERT_TRUE(licence);
    EXPECT_FALSE(licence->is_open);
    EXPECT_FALSE(licence_of("You may look at it.\n"));
}

TEST(Licence, FilesAreThoseAtTheTop) {
    for (const std::string_view path : {"LICENSE", "LICENSE-MIT", "COPYING.LESSER", "licence.txt", "LICENSES/MIT.txt"})
        EXPECT_TRUE(is_licence_file(path)) << path;
    for (const std::string_view path : {"NOTICE", "lib/LICENSE", "license_check.c", "CODE_OF_CONDUCT.md"})
        EXPECT_FALSE(is_licence_file(path)) << path;
}

TEST(Identifier, IsReadInAnyCommentAndJudgedAsAnExpression) {
    struct Row {
        std::string_view text, expression;
        bool is_open;
    };
    for (const Row& row :
         {Row{"// SPDX-License-Identifier: MIT\n", "MIT", true},
          Row{"#!/bin/sh\n# SPDX-License-Identifier: GPL-2.0-only\n", "GPL-2.0-only", true},
          Row{"/* SPDX-License-Identifier: (GPL-2.0+ OR LicenseRef-Acme) */\n", "(GPL-2.0+ OR LicenseRef-Acme)", true},
          Row{"<!-- SPDX-License-Identifier: Apache-2.0 -->\n", "Apache-2.0", true},
          Row{"// SPDX-License-Identifier: MIT AND LicenseRef-Acme\r\n", "MIT AND LicenseRef-Acme", false},
          Row{"// SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note\n",
              "GPL-2.0-only WITH Linux-syscall-note", true},
          Row{"// SPDX-License-Identifier: BUSL-1.1\n", "BUSL-1.1", false},
          Row{"// SPDX-License-Identifier: Proprietary\n", "Proprietary", false}}) {
        const auto identifier = identifier_of(row.text);
        ASSERT_TRUE(identifier) << row.text;
        EXPECT_EQ(identifier->expression, row.expression);
        EXPECT_EQ(identifier->is_open, row.is_open) << row.text;
    }
    EXPECT_EQ(identifier_of("a\nb\n// SPDX-License-Identifier: MIT\n")->line, 3u);
    EXPECT_FALSE(identifier_of("// SPDX-License-Identifier:\n"));
    EXPECT_FALSE(identifier_of(std::string(50, '\n') + "// SPDX-License-Identifier: MIT\n")) << "far down it is data";
}

TEST(Notice, OfConfidentialityIsFoundWithItsLine) {
    EXPECT_EQ(noticed("// Copyright (c) 2026 Acme GmbH\n// All Rights Reserved.\n"), "2 all rights reserved");
    EXPECT_EQ(noticed("# ACME CONFIDENTIAL\n"), "1 confidential");
    EXPECT_EQ(noticed("# Proprietary code, property of Acme\n"), "1 proprietary");
    EXPECT_EQ(noticed("# For internal use\n"), "1 for internal use");
    EXPECT_EQ(noticed("/* contains trade secrets of Acme; all rights reserved */"), "1 trade secret !");
    EXPECT_EQ(noticed("Strictly Confidential\n"), "1 strictly confidential !");
}

TEST(Notice, IsNoneInOrdinaryTexts) {
    EXPECT_EQ(noticed("It reads several proprietary formats and knows confidential clients.\n"), "none");
    EXPECT_EQ(noticed("class: trade-secret\n"), "none");
    EXPECT_EQ(noticed("- name: trade secrets go to no vendor\n"), "none");
    EXPECT_EQ(noticed("confidentiality and proprietaryness, copyright\n"), "none");
    EXPECT_EQ(noticed(std::string(60, '\n') + "All rights reserved.\n"), "none");
}

TEST(Notice, AllRightsReservedBesideAnOpenLicenceTakesNothingBack) {
    EXPECT_EQ(
        noticed("// Copyright 2009 The Go Authors. All rights reserved.\n// Use of this source code is governed by a "
                "BSD-style\n// license that can be found in the LICENSE file.\n"),
        "none");
    EXPECT_EQ(noticed("// SPDX-License-Identifier: Apache-2.0\n// Copyright Acme. All rights reserved.\n"), "none");
}

} // namespace
} // namespace sallyport::repo
