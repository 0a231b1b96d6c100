"""From `transformers` folders and Argos packages to CTranslate2 folders."""
