"""How good the answers are: questions and judgements that people made -> measures."""
