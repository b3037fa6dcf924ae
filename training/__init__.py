"""Everything that makes artefacts; the only package that knows Hydra, Lightning, MLflow and DVC."""
