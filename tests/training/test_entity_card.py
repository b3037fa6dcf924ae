"""The card says what was measured, above all what is not found."""

from training.entity_card import never_found, render

VALUES = {"precision": 0.5, "recall": 0.4, "f1": 0.44}


def manifest(product_recall: float) -> dict[str, object]:
    labels = {"person": 0.5, "product": product_recall}
    dev = dict(VALUES)
    for label, recall in labels.items():
        dev |= {f"precision/{label}": 0.1, f"recall/{label}": recall, f"f1/{label}": 0.1, f"count/{label}": 10.0}
    source = {"licence": "MIT", "url": "https://example.org", "citation": "none"}
    return {
        "fingerprint": "f" * 64, "format": 1, "labels": ["person", "product", "group"], "encoder": "tiny", "encoder_sha256": None,
        "data": {"set": source}, "dev": {"set/cased": dev}, "baseline": {"set/cased": VALUES}, "files": {"a": {"bytes": 2_000_000}},
    }  # fmt: skip


def test_a_label_that_is_never_found_is_named_in_the_limits() -> None:
    assert never_found(manifest(0.0)) == ["product"]
    assert "finds no product at all" in render(manifest(0.0), {"set": 3})


def test_a_label_that_is_sometimes_found_or_never_judged_is_not() -> None:
    assert never_found(manifest(0.1)) == []
    assert "at all" not in render(manifest(0.1), {"set": 3})
