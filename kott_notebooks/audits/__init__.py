"""What all audits share: findings and checks of text; tables in, tables out."""
