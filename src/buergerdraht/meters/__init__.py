"""Citizens' meters for water, gas, electricity and heat: reading photos, judging values, handing them on. Never a dialog's words."""
