"""Reads .cmake/layers.cmake, the table that CMake links from, so that the lint and the build cannot disagree."""

import dataclasses
import pathlib
import re

KEYWORDS = {"TARGET", "MAY_INCLUDE", "EXTERNAL", "ROOMS", "DEEP", "HEADERS", "LIBS", "PKG_CONFIG"}


@dataclasses.dataclass
class Layer:
    folder: str
    target: str
    may_include: list
    external: set
    rooms: list
    deep: bool

    def owns_folder(self, folder):
        if folder == self.folder:
            return True
        if self.deep and folder.startswith(self.folder + "/"):
            return True
        return any(folder == f"{self.folder}/{room}" for room in self.rooms)

    def may_include_header(self, header):
        folder = header.rsplit("/", 1)[0] if "/" in header else ""
        return self.owns_folder(folder) or any(
            wanted in (header, folder) for wanted in self.may_include
        )


@dataclasses.dataclass
class Table:
    layers: list
    externals: dict
    plain: set
    plain_deep: set

    def layer_of(self, folder):
        """The most specific row that owns a folder, or None."""
        owners = [layer for layer in self.layers if layer.owns_folder(folder)]
        return max(owners, key=lambda layer: len(layer.folder), default=None)

    def knows_folder(self, folder):
        if folder in self.plain or self.layer_of(folder):
            return True
        if any(folder == deep or folder.startswith(deep + "/") for deep in self.plain_deep):
            return True
        # A folder that only leads to a known one, such as tests/unit/platform.
        return any(layer.folder.startswith(folder + "/") for layer in self.layers)

    def worlds_of(self, header):
        """The outside worlds that a header in angle brackets belongs to."""
        return {
            name
            for name, prefixes in self.externals.items()
            if any(
                header == prefix or (prefix.endswith("/") and header.startswith(prefix))
                for prefix in prefixes
            )
        }


def sections(words):
    """['a', 'TARGET', 't', 'DEEP'] -> {'': ['a'], 'TARGET': ['t'], 'DEEP': []}"""
    result = {"": []}
    current = ""
    for word in words:
        if word in KEYWORDS:
            current = word
            result.setdefault(current, [])
        else:
            result[current].append(word)
    return result


def read(root):
    text = (pathlib.Path(root) / ".cmake" / "layers.cmake").read_text()
    text = re.sub(r"#.*", "", text)
    table = Table([], {}, set(), set())
    for call, body in re.findall(r"(sov_\w+)\(([^)]*)\)", text):
        words = sections(body.split())
        if call == "sov_external":
            table.externals[words[""][0]] = words["HEADERS"]
        elif call == "sov_layer":
            may_include = words.get("MAY_INCLUDE", [])
            if may_include == ["EVERYTHING"]:
                may_include = [f for layer in table.layers for f in (
                    [layer.folder] + [f"{layer.folder}/{room}" for room in layer.rooms])]
            table.layers.append(Layer(
                folder=words[""][0],
                target=words["TARGET"][0],
                may_include=may_include,
                external=set(words.get("EXTERNAL", [])),
                rooms=words.get("ROOMS", []),
                deep="DEEP" in words))
        elif call == "sov_plain":
            table.plain.update(words[""])
        elif call == "sov_plain_deep":
            table.plain_deep.update(words[""])
    if not table.layers:
        raise ValueError(f"{root}/.cmake/layers.cmake holds no table")
    return table
