"""The citizen's pages: privacy text and imprint of an organisation. Public, without sign-in, without cookies."""
